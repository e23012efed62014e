using System.Net;
using System.Net.Sockets;
using UnityEngine;

/// <summary>Turns its object as the head does; its front is -Z. Run the daemon with --sink "udp-osf:127.0.0.1?pose=true"</summary>
public sealed class Face : MonoBehaviour
{
    const int Port = 11573;
    UdpClient receiver;

    void OnEnable() => receiver = new UdpClient(new IPEndPoint(IPAddress.Loopback, Port));

    void OnDisable() => receiver.Close();

    void Update()
    {
        byte[] newest = null;
        var sender = new IPEndPoint(IPAddress.Any, 0);
        while (receiver.Available > 0) newest = receiver.Receive(ref sender); // The newest wins.
        if (newest == null || newest.Length < OsfPacket.Size) return;
        var face = OsfPacket.Read(newest, 0);
        if (face.Found) transform.localRotation = TurnOf(face.Quaternion);
    }

    // OpenSeeFace tells the inverse turn from its head's axes to row, column, away; Unity's z points the other way
    // than a right-handed scene's.
    static Quaternion TurnOf(float[] raw)
    {
        var root = Mathf.Sqrt(0.5f);
        var told = new Quaternion(raw[0], raw[1], raw[2], raw[3]);
        var turn = new Quaternion(0, 0, root, -root) * Quaternion.Inverse(told) * new Quaternion(1, 0, 0, 0);
        return new Quaternion(-turn.x, -turn.y, turn.z, turn.w);
    }
}
