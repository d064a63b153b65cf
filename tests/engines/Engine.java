// One job a line in, fields separated by tabs: dialect, mode, pattern, inputs…, each text as
// hexadecimal UTF-16; one a line out: "0", or "1" and one digit for each input.
import java.io.*;
import java.util.regex.*;

public class Engine {
    static String text(String hex) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i + 4 <= hex.length(); i += 4) out.append((char) Integer.parseInt(hex.substring(i, i + 4), 16));
        return out.toString();
    }

    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        String line;
        while ((line = in.readLine()) != null) {
            String[] f = line.split("\t", -1);
            int flags = f[0].equals("java-unicode") ? Pattern.UNICODE_CHARACTER_CLASS
                : f[0].equals("java-unix-lines") ? Pattern.UNIX_LINES : 0;
            StringBuilder out = new StringBuilder();
            try {
                Pattern p = Pattern.compile(text(f[2]), flags);
                if (f[1].equals("full-grouped")) p = Pattern.compile("^(?:" + text(f[2]) + ")$", flags);
                out.append('1');
                for (int i = 3; i < f.length; i++) {
                    Matcher m = p.matcher(text(f[i]));
                    boolean yes = f[1].equals("prefix") ? m.lookingAt() : f[1].equals("full") ? m.matches() : m.find();
                    out.append(yes ? '1' : '0');
                }
            } catch (PatternSyntaxException e) {
                out.setLength(0);
                out.append('0');
            } catch (StackOverflowError e) {
                out.setLength(0);
                out.append('?');
            }
            System.out.println(out);
        }
    }
}
