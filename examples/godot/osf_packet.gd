# One face of a datagram of the sink udp-osf:, in OpenSeeFace's layout.

const SIZE = 1785


static func read(datagram, start):
	var stream = StreamPeerBuffer.new()
	stream.data_array = datagram
	stream.seek(start)
	var face = {}
	face.seconds = stream.get_double()
	face.id = stream.get_32()
	face.frame_size = floats(stream, 2)
	face.eyes_open = floats(stream, 2)  # right, left
	face.found = stream.get_u8() != 0
	face.misfit = stream.get_float()
	face.quaternion = floats(stream, 4)
	face.angles = floats(stream, 3)
	face.place = floats(stream, 3)
	face.scores = floats(stream, 68)
	face.points = floats(stream, 136)  # x, y: pixels of the frame
	face.points_3d = floats(stream, 210)
	face.features = floats(stream, 14)
	return face


static func floats(stream, count):
	var values = []
	for _index in range(count):
		values.append(stream.get_float())
	return values
