# Godot 4: a node that turns as the head does; its front is +Z. Run the daemon with --sink "udp-osf:127.0.0.1?pose=true"
extends Node3D

const OsfPacket = preload("osf_packet.gd")
const PORT = 11573

var receiver := PacketPeerUDP.new()


func _ready() -> void:
	receiver.bind(PORT, "127.0.0.1")


func _process(_delta: float) -> void:
	var newest := PackedByteArray()
	while receiver.get_available_packet_count() > 0:  # The newest wins.
		newest = receiver.get_packet()
	if newest.size() < OsfPacket.SIZE:
		return
	var face = OsfPacket.read(newest, 0)
	if face.found:
		quaternion = turn_of(face.quaternion)


# OpenSeeFace tells the inverse turn from its head's axes to row, column, away.
static func turn_of(raw: Array) -> Quaternion:
	var told := Quaternion(raw[0], raw[1], raw[2], raw[3])
	return Quaternion(0, 0, sqrt(0.5), -sqrt(0.5)) * told.inverse() * Quaternion(1, 0, 0, 0)
