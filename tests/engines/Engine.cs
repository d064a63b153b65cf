// One job a line in, fields separated by tabs: dialect, mode, pattern, inputs…, each text as
// hexadecimal UTF-16; one a line out: "0", or "1" and one digit for each input.
using System;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

public class Engine {
    static string Read(string hex) {
        var o = new StringBuilder();
        for (int i = 0; i + 4 <= hex.Length; i += 4) o.Append((char)int.Parse(hex.Substring(i, 4), NumberStyles.HexNumber));
        return o.ToString();
    }
    public static void Main() {
        string line;
        while ((line = Console.ReadLine()) != null) {
            var f = line.Split('\t');
            var opts = (f[0] == "dotnet-ecmascript" ? RegexOptions.ECMAScript : RegexOptions.None) | RegexOptions.CultureInvariant;
            if (f[0] == "dotnet-ecmascript") opts = RegexOptions.ECMAScript;
            var o = new StringBuilder();
            try {
                string p = Read(f[2]);
                new Regex(p, opts);
                string w = f[1] == "search" ? p : f[1] == "prefix" ? "\\A(?:" + p + ")" : f[1] == "full" ? "\\A(?:" + p + ")\\z" : "^(?:" + p + ")$";
                var r = new Regex(w, opts);
                o.Append('1');
                for (int i = 3; i < f.Length; i++) o.Append(r.IsMatch(Read(f[i])) ? '1' : '0');
            } catch (ArgumentException) { o.Clear(); o.Append('0'); }
            Console.WriteLine(o);
        }
    }
}
