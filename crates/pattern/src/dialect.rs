//! The engines whose reading of a pattern we model, by id, and the questions on which they differ
//! as a group (alphabet, family).

use std::fmt;

/// What one symbol of a text is for an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Alphabet {
    /// Unicode scalar values.
    CodePoints,
    /// UTF-16 code units: a character outside the basic plane is two symbols.
    Utf16,
    /// Bytes of the UTF-8 form.
    Bytes,
}

impl Alphabet {
    /// The highest symbol.
    pub fn max(self) -> u32 {
        match self {
            Alphabet::CodePoints => 0x10_FFFF,
            Alphabet::Utf16 => 0xFFFF,
            Alphabet::Bytes => 0xFF,
        }
    }

    /// A text as symbols of this alphabet.
    pub fn symbols(self, text: &str) -> Vec<u32> {
        match self {
            Alphabet::CodePoints => text.chars().map(u32::from).collect(),
            Alphabet::Utf16 => text.encode_utf16().map(u32::from).collect(),
            Alphabet::Bytes => text.bytes().map(u32::from).collect(),
        }
    }
}

macro_rules! dialects {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal $(| $alias:literal)*,)*) => {
        /// One engine in one configuration.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Dialect { $($(#[doc = $doc])* $name,)* }

        impl Dialect {
            /// All of them, in the order in which they are listed to people.
            pub const ALL: &'static [Dialect] = &[$(Dialect::$name,)*];

            /// The stable id.
            pub fn id(self) -> &'static str {
                match self { $(Dialect::$name => $id,)* }
            }

            /// Which engine it is, in a line.
            pub fn about(self) -> &'static str {
                match self { $(Dialect::$name => concat!($($doc),*).trim_ascii(),)* }
            }

            /// The dialect of an id, or of another name that it has.
            pub fn by_id(id: &str) -> Option<Dialect> {
                match id { $($id $(| $alias)* => Some(Dialect::$name),)* _ => None }
            }
        }
    };
}

dialects! {
    /// ECMAScript without flags: Annex B syntax, UTF-16 units.
    EcmaScript = "ecmascript",
    /// ECMAScript with `u`: strict syntax, code points.
    EcmaScriptU = "ecmascript-u",
    /// ECMAScript with `v`: as `u`, with nested classes and set operations.
    EcmaScriptV = "ecmascript-v",
    /// Python `re` on `str`.
    Python = "python",
    /// Python `re` on `str` with `re.ASCII`.
    PythonAscii = "python-ascii",
    /// Python `re` on `bytes` of the UTF-8 form.
    PythonBytes = "python-bytes",
    /// PCRE2 without UTF and UCP, on bytes (PHP `preg_*` without `u`).
    Pcre2 = "pcre2",
    /// PCRE2 with UTF and UCP (PHP `preg_*` with `u`).
    Pcre2Ucp = "pcre2-ucp",
    /// PCRE2 without UTF, with DOLLAR_ENDONLY (PHP `D`).
    Pcre2DollarEndonly = "pcre2-dollar-endonly",
    /// Perl 5 on decoded strings.
    Perl = "perl",
    /// `java.util.regex` without flags.
    Java = "java",
    /// `java.util.regex` with UNICODE_CHARACTER_CLASS.
    JavaUnicode = "java-unicode",
    /// `java.util.regex` with UNIX_LINES.
    JavaUnixLines = "java-unix-lines",
    /// Ruby (Onigmo) on UTF-8 strings.
    Ruby = "ruby",
    /// Go `regexp` (RE2 syntax).
    Go = "go",
    /// The Rust crate `regex`.
    Rust = "rust",
    /// .NET without options.
    DotNet = "dotnet",
    /// .NET with `RegexOptions.ECMAScript`.
    DotNetEcmaScript = "dotnet-ecmascript",
    /// POSIX extended regular expressions as glibc has them, in a UTF-8 locale.
    PosixEre = "posix-ere",
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Dialects that share a syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// ECMA-262
    EcmaScript,
    /// CPython `re`
    Python,
    /// PCRE2 and Perl
    Perl,
    /// `java.util.regex`
    Java,
    /// Onigmo
    Ruby,
    /// RE2 as Go has it
    Go,
    /// Rust `regex`
    Rust,
    /// .NET
    DotNet,
    /// glibc
    Posix,
}

impl Dialect {
    /// Which syntax it has.
    pub fn family(self) -> Family {
        use Dialect::*;
        match self {
            EcmaScript | EcmaScriptU | EcmaScriptV => Family::EcmaScript,
            Python | PythonAscii | PythonBytes => Family::Python,
            Pcre2 | Pcre2Ucp | Pcre2DollarEndonly | Perl => Family::Perl,
            Java | JavaUnicode | JavaUnixLines => Family::Java,
            Ruby => Family::Ruby,
            Go => Family::Go,
            Rust => Family::Rust,
            DotNet | DotNetEcmaScript => Family::DotNet,
            PosixEre => Family::Posix,
        }
    }

    /// What a symbol is: Java strings are UTF-16, but its matcher works on code points; .NET and
    /// ECMAScript without `u` work on units.
    pub fn alphabet(self) -> Alphabet {
        use Dialect::*;
        match self {
            EcmaScript | DotNet | DotNetEcmaScript => Alphabet::Utf16,
            PythonBytes | Pcre2 | Pcre2DollarEndonly => Alphabet::Bytes,
            _ => Alphabet::CodePoints,
        }
    }

    /// Whether `u` or `v` is on: strict syntax.
    pub fn ecma_unicode(self) -> bool {
        matches!(self, Dialect::EcmaScriptU | Dialect::EcmaScriptV)
    }

    /// PCRE2 in any configuration.
    pub fn is_pcre2(self) -> bool {
        matches!(
            self,
            Dialect::Pcre2 | Dialect::Pcre2Ucp | Dialect::Pcre2DollarEndonly
        )
    }
}

/// How an engine is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// A match anywhere.
    Search,
    /// A match at the start (Python `match`, Java `lookingAt`).
    Prefix,
    /// The whole text is one match (Python `fullmatch`, Java `matches`).
    Full,
    /// A search for `^(?:pattern)$`.
    FullGrouped,
}

impl Mode {
    /// All of them.
    pub const ALL: &'static [Mode] = &[Mode::Search, Mode::Prefix, Mode::Full, Mode::FullGrouped];

    /// The stable id.
    pub fn id(self) -> &'static str {
        match self {
            Mode::Search => "search",
            Mode::Prefix => "prefix",
            Mode::Full => "full",
            Mode::FullGrouped => "full-grouped",
        }
    }

    /// The mode of an id.
    pub fn by_id(id: &str) -> Option<Mode> {
        Mode::ALL.iter().copied().find(|mode| mode.id() == id)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
