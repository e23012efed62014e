// A fake of the few things of Unity that the example uses, and a game loop that prints what it does.
using System;
using System.Globalization;
using System.Reflection;
using System.Threading;

namespace UnityEngine
{
    public struct Quaternion
    {
        public float x, y, z, w;

        public Quaternion(float x, float y, float z, float w) { this.x = x; this.y = y; this.z = z; this.w = w; }

        public static Quaternion Inverse(Quaternion q) => new Quaternion(-q.x, -q.y, -q.z, q.w);

        public static Quaternion operator *(Quaternion a, Quaternion b) => new Quaternion(
            a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
            a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
            a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w,
            a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z);
    }

    public static class Mathf { public static float Sqrt(float value) => (float)Math.Sqrt(value); }

    public class Transform { public Quaternion localRotation; }

    public class MonoBehaviour { public Transform transform = new Transform(); }
}

public static class Game
{
    static void Call(Face face, string name) =>
        typeof(Face).GetMethod(name, BindingFlags.NonPublic | BindingFlags.Instance).Invoke(face, null);

    public static void Main()
    {
        var face = new Face();
        Call(face, "OnEnable");
        Console.WriteLine("listening");
        for (var turn = face.transform.localRotation; ; Thread.Sleep(10))
        {
            Call(face, "Update");
            var now = face.transform.localRotation;
            if (now.Equals(turn)) continue;
            Console.WriteLine(string.Format(CultureInfo.InvariantCulture, "{0} {1} {2} {3}", now.x, now.y, now.z, now.w));
            return;
        }
    }
}
