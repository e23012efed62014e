# Prints one packet as the Godot example reads it, and the turn that it makes of it.
extends SceneTree

const OsfPacket = preload("osf_packet.gd")
const Face = preload("turn.gd")


func _init():
	var file = File.new()
	file.open("res://packet", File.READ)
	var face = OsfPacket.read(file.get_buffer(OsfPacket.SIZE), 0)
	var turn = Face.turn_of(face.quaternion)
	face.turn = [turn.x, turn.y, turn.z, turn.w]
	print("packet " + to_json(face))
	quit()
