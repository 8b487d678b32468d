//! The types and functions of the C edge as C: cbindgen's text, cut into items by name.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use cbindgen::{Braces, Builder, Config, DocumentationStyle, Language, Layout, Style};

use base::paths;

/// Types that only aliases lead to, which cbindgen leaves out unless asked.
const TYPES: [&str; 9] =
    ["Byte", "Bytef", "uLongf", "voidp", "voidpc", "voidpf", "in_func", "out_func", "Shown"];

/// Rust's names that are not C's.
const RENAMES: [(&str, &str); 3] =
    [("GzHeader", "gz_header_s"), ("GzFile", "gzFile_s"), ("State", "internal_state")];

/// The part of `GzFile` that C sees.
const GZ_FILE: (&str, &str) = ("gzFile_s", "Shown");

/// zlib.h's names for what cbindgen calls by the language's: the same types, but C programs that
/// read the header look for these.
const TOKENS: [(&str, &str); 5] = [
    ("uint8_t", "Bytef"),
    ("uint32_t", "unsigned"),
    ("int64_t", "z_off64_t"),
    ("unsigned int", "uInt"),
    ("unsigned long", "uLong"),
];

/// Where zlib.h keeps to the language's name.
const PLAIN: [&str; 1] = ["inflateCodesUsed"];

/// C is free of const here unless a program defines `ZLIB_CONST`.
const WITH_Z_CONST: [&str; 2] = ["z_stream_s", "in_func"];

/// The longest line of a prototype.
const WIDTH: usize = 95;

/// C text by name.
pub struct Items {
    types: BTreeMap<String, String>,
    functions: BTreeMap<String, String>,
}

impl Items {
    /// What cbindgen makes of the library's source.
    pub fn of_the_c_edge() -> Result<Items> {
        let mut config = Config {
            language: Language::C,
            style: Style::Tag,
            braces: Braces::SameLine,
            usize_is_size_t: true,
            no_includes: true,
            documentation: true,
            documentation_style: DocumentationStyle::C,
            line_length: usize::MAX,
            ..Config::default()
        };
        config.function.args = Layout::Horizontal;
        config.export.include = TYPES.map(str::to_owned).to_vec();
        config.export.rename =
            RENAMES.map(|(from, to)| (from.to_owned(), to.to_owned())).into_iter().collect();
        let mut text = Vec::new();
        Builder::new()
            .with_config(config)
            .with_src(paths::root().join("src/lib.rs"))
            .generate()
            .context("cbindgen cannot read src/")?
            .write(&mut text);
        Ok(Items::parse(&String::from_utf8(text)?))
    }

    fn parse(text: &str) -> Items {
        let mut items = Items { types: BTreeMap::new(), functions: BTreeMap::new() };
        for item in split(text) {
            if let Some(name) = item.strip_prefix("typedef ").and_then(typedef_name) {
                items.types.insert(name.to_owned(), item.clone());
            } else if let Some((name, _)) =
                item.strip_prefix("struct ").and_then(|rest| rest.split_once(" {"))
            {
                items.types.insert(name.to_owned(), item.clone());
            } else if let Some((head, _)) = item.split_once('(')
                && !item.contains('{')
            {
                let name = head.rsplit([' ', '*']).next().unwrap_or(head);
                items.functions.insert(name.to_owned(), item.clone());
            }
        }
        items
    }

    /// A type's declaration.
    pub fn type_(&self, name: &str) -> Result<String> {
        let rust = if name == GZ_FILE.0 { GZ_FILE.1 } else { name };
        let text = self.types.get(rust).with_context(|| format!("no type {rust} in src/"))?;
        let mut text = in_zlibs_words(text);
        if name == GZ_FILE.0 {
            text = text.replace(rust, name);
        }
        if WITH_Z_CONST.contains(&name) {
            text = text.replace("const ", "z_const ");
        }
        Ok(fields_as_lines(&text))
    }

    /// A function's prototype.
    pub fn function(&self, name: &str) -> Result<String> {
        let text =
            self.functions.get(name).with_context(|| format!("no function {name} in src/"))?;
        let plain = PLAIN.contains(&name);
        let text = if plain { text.clone() } else { in_zlibs_words(text) };
        let (head, arguments) = text.split_once('(').context("a prototype has arguments")?;
        let returned = head.strip_suffix(name).context("a prototype has a name")?.trim_end();
        let head = format!("ZEXTERN {returned} ZEXPORT {name}(");
        let mut out = head.clone();
        let mut column = head.len();
        let arguments = arguments.strip_suffix(';').unwrap_or(arguments);
        let indent = " ".repeat(head.len());
        for (index, argument) in arguments.split(", ").enumerate() {
            // Names that Rust needs an underscore for.
            let argument = argument.replace(" _", " ").replace("in_,", "in,");
            let argument =
                argument.strip_suffix(" in_").map_or(argument.clone(), |t| format!("{t} in"));
            if index > 0 {
                out.push(',');
                if column + 2 + argument.len() > WIDTH {
                    out.push('\n');
                    out += &indent;
                    column = indent.len();
                } else {
                    out.push(' ');
                    column += 2;
                }
            }
            out += &argument;
            column += argument.len();
        }
        out.push(';');
        Ok(out)
    }
}

/// cbindgen's declarations, without the comments in front of them.
fn split(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut item = String::new();
    let mut comment = false;
    for line in text.lines() {
        if item.is_empty() && (comment || line.starts_with("/*")) {
            comment = !line.contains("*/");
            continue;
        }
        if item.is_empty() && (line.is_empty() || line.starts_with('#')) {
            continue;
        }
        item += line;
        let inside = item.contains('{') && !line.starts_with('}');
        if line.ends_with(';') && !inside {
            items.push(std::mem::take(&mut item));
        } else {
            item.push('\n');
        }
    }
    items
}

/// `NAME` of `TYPE NAME;` and of `TYPE (*NAME)(…);`.
fn typedef_name(rest: &str) -> Option<&str> {
    if let Some((_, rest)) = rest.split_once("(*") {
        return rest.split(')').next();
    }
    rest.strip_suffix(';')?.rsplit([' ', '*']).next()
}

fn in_zlibs_words(text: &str) -> String {
    let mut text = text.to_owned();
    if text.starts_with("typedef unsigned") {
        return text;
    }
    for (from, to) in TOKENS {
        text = replace_word(&text, from, to);
    }
    let text =
        replace_word(&text, "size_t", "z_size_t").replace("typedef z_size_t", "typedef size_t");
    // cbindgen shows an opaque type by its alias.
    text.replace(" internal_state *", " struct internal_state *").replace("struct struct", "struct")
}

fn replace_word(text: &str, from: &str, to: &str) -> String {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let whole = !is_word(before.chars().next_back().or(out.chars().next_back()))
            && !is_word(after.chars().next());
        out += before;
        out += if whole { to } else { from };
        rest = after;
    }
    out + rest
}

/// cbindgen's three-line comments of fields as one line in front of the field.
fn fields_as_lines(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut comment = String::new();
    let mut inside = false;
    for line in text.lines() {
        let trimmed = line.trim();
        match trimmed {
            "/*" => inside = true,
            "*/" => inside = false,
            _ if inside => {
                let gap = if comment.is_empty() { "" } else { " " };
                comment += gap;
                comment += &trimmed.replace(['`', '[', ']'], "");
            }
            _ => {
                if !comment.is_empty() {
                    out.push(format!("    /* {} */", std::mem::take(&mut comment)));
                }
                let field = line.starts_with(' ');
                out.push(if field { format!("    {trimmed}") } else { line.to_owned() });
            }
        }
    }
    out.join("\n")
}
