using System;
using System.IO;

/// <summary>One face of a datagram of the sink udp-osf:, in OpenSeeFace's layout.</summary>
public sealed class OsfPacket
{
    public const int Size = 1785;

    public double Seconds;
    public int Id;
    public float[] FrameSize, EyesOpen; // width, height; right, left
    public bool Found;
    public float Misfit;
    public float[] Quaternion, Angles, Place, Scores;
    public float[] Points; // x, y of 68: pixels of the frame
    public float[] Points3D, Features;

    public static OsfPacket Read(byte[] datagram, int start)
    {
        using (var reader = new BinaryReader(new MemoryStream(datagram, start, Size)))
        {
            return new OsfPacket
            {
                Seconds = reader.ReadDouble(),
                Id = reader.ReadInt32(),
                FrameSize = Floats(reader, 2),
                EyesOpen = Floats(reader, 2),
                Found = reader.ReadByte() != 0,
                Misfit = reader.ReadSingle(),
                Quaternion = Floats(reader, 4),
                Angles = Floats(reader, 3),
                Place = Floats(reader, 3),
                Scores = Floats(reader, 68),
                Points = Floats(reader, 136),
                Points3D = Floats(reader, 210),
                Features = Floats(reader, 14),
            };
        }
    }

    static float[] Floats(BinaryReader reader, int count)
    {
        var values = new float[count];
        for (var index = 0; index < count; index++) values[index] = reader.ReadSingle();
        return values;
    }
}
