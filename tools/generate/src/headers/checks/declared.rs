//! What a C header declares, as the preprocessor leaves it, and a C program that proves two headers
//! equal at compile time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

/// The declarations and macros of zlib.h and zconf.h under some conditions.
#[derive(Debug, Default)]
pub struct Declared {
    /// `extern` declarations by name, as text without the semicolon.
    pub functions: BTreeMap<String, String>,
    /// `typedef` declarations by name. A structure's body is not part of it.
    pub typedefs: BTreeMap<String, String>,
    /// Structures by tag, with their members' declarations in order; none for an opaque one.
    pub structs: BTreeMap<String, Vec<String>>,
    /// Macros by name, with parameters (if it takes any) and body.
    pub macros: BTreeMap<String, Macro>,
}

/// A macro's parameters and body; the parameters are numbered so that their names do not matter.
#[derive(Debug, PartialEq, Eq)]
pub struct Macro {
    /// How many parameters; `None` for a macro that is no function.
    pub arity: Option<usize>,
    /// What it stands for, without blanks.
    pub body: String,
}

impl Declared {
    /// Reads the zlib.h in `include`, with `flags` for the compiler.
    pub fn read(sh: &Shell, include: &Path, flags: &[&str]) -> Result<Declared> {
        let text = cmd!(sh, "cc {flags...} -E -dD -x c -I {include} -")
            .stdin("#include <zlib.h>\n")
            .quiet()
            .read()
            .with_context(|| format!("{} cannot be preprocessed", include.display()))?;
        let mut declared = Declared::default();
        let mut ours = false;
        let mut code = String::new();
        for line in text.lines() {
            if let Some(marker) = line.strip_prefix("# ") {
                let file = marker.split('"').nth(1).unwrap_or("");
                ours = Path::new(file).starts_with(include)
                    && (file.ends_with("/zlib.h") || file.ends_with("/zconf.h"));
            } else if !ours {
            } else if let Some(define) = line.strip_prefix("#define ") {
                let (name, value) = parse_macro(define);
                declared.macros.insert(name, value);
            } else if let Some(name) = line.strip_prefix("#undef ") {
                declared.macros.remove(name.trim());
            } else {
                code.push(' ');
                code += line;
            }
        }
        for declaration in split_at_semicolons(&code) {
            declared.add(&declaration).with_context(|| format!("cannot read {declaration:?}"))?;
        }
        ensure!(!declared.functions.is_empty(), "{} declares no function", include.display());
        Ok(declared)
    }

    fn add(&mut self, text: &str) -> Result<()> {
        if let Some(rest) = text.strip_prefix("extern ") {
            let name = rest.split('(').next().and_then(last_word).context("no name")?;
            self.functions.insert(name.to_owned(), text.to_owned());
        } else if let Some(rest) = text.strip_prefix("typedef ") {
            let rest = match rest.split_once('{') {
                None => rest.to_owned(),
                Some((head, body)) => {
                    let (body, tail) = body.rsplit_once('}').context("no end of structure")?;
                    self.add_struct(head, Some(body))?;
                    format!("{head}{tail}")
                }
            };
            // `TYPE (*NAME)(…)` or `TYPE NAME`.
            let name = match rest.split_once("(*") {
                Some((_, tail)) => tail.split(')').next(),
                None => last_word(&rest),
            };
            self.typedefs.insert(name.context("no name")?.trim().to_owned(), rest);
        } else if text.starts_with("struct ") {
            match text.split_once('{') {
                Some((head, body)) => self.add_struct(head, body.rsplit_once('}').map(|b| b.0))?,
                None => self.add_struct(text, None)?,
            }
        } else {
            bail!("neither extern, typedef nor struct");
        }
        Ok(())
    }

    fn add_struct(&mut self, head: &str, body: Option<&str>) -> Result<()> {
        let tag = head.trim().strip_prefix("struct ").context("no tag")?.trim();
        let members = self.structs.entry(tag.to_owned()).or_default();
        if let Some(body) = body {
            *members = split_at_semicolons(body);
        }
        Ok(())
    }

    /// Names and macros in which `self`, the original, and `other` differ.
    pub fn differences(&self, other: &Declared) -> Vec<String> {
        let mut out = Vec::new();
        let mut names = |what: &str, wanted: Vec<&String>, found: Vec<&String>| {
            out.extend(
                wanted.iter().filter(|n| !found.contains(n)).map(|n| format!("no {what} {n}")),
            );
            out.extend(
                found.iter().filter(|n| !wanted.contains(n)).map(|n| format!("extra {what} {n}")),
            );
        };
        names("function", self.functions.keys().collect(), other.functions.keys().collect());
        names("type", self.typedefs.keys().collect(), other.typedefs.keys().collect());
        names("structure", self.structs.keys().collect(), other.structs.keys().collect());
        names("macro", self.macros.keys().collect(), other.macros.keys().collect());
        for (name, value) in &self.macros {
            if let Some(found) = other.macros.get(name).filter(|found| *found != value) {
                out.push(format!("macro {name} is {found:?}, wanted {value:?}"));
            }
        }
        out
    }

    /// A C program that compiles only with a zlib.h whose functions, types, layouts and constants
    /// are these. Each declaration is repeated under another name; both must be compatible.
    pub fn proof(&self) -> Result<String> {
        let mut c = String::from(
            "#include <zlib.h>\n#include <stddef.h>\n\
             #define SAME(a, b, what) \\\n\
             \x20   _Static_assert(__builtin_types_compatible_p(a, b), what)\n\
             #define MEMBER(tag, m) __typeof__(((struct tag *)0)->m)\n",
        );
        for (name, text) in &self.typedefs {
            let text = replace_name(text, name, &format!("stock_{name}"));
            writeln!(c, "typedef {text};\nSAME({name}, stock_{name}, \"type {name}\");")?;
        }
        for (tag, members) in self.structs.iter().filter(|(_, members)| !members.is_empty()) {
            writeln!(c, "struct stock_{tag} {{")?;
            for member in members {
                writeln!(c, "    {member};")?;
            }
            writeln!(c, "}};")?;
            writeln!(
                c,
                "_Static_assert(sizeof(struct {tag}) == sizeof(struct stock_{tag}), \"size {tag}\");"
            )?;
            for member in members {
                let m = last_word(member).context("a member has a name")?;
                writeln!(
                    c,
                    "SAME(MEMBER({tag}, {m}), MEMBER(stock_{tag}, {m}), \"type {tag}.{m}\");\n\
                     _Static_assert(offsetof(struct {tag}, {m}) == \
                     offsetof(struct stock_{tag}, {m}), \"offset {tag}.{m}\");"
                )?;
            }
        }
        for (name, text) in &self.functions {
            let text = replace_name(text, name, &format!("stock_{name}"));
            writeln!(
                c,
                "{text};\nSAME(__typeof__({name}), __typeof__(stock_{name}), \"function {name}\");"
            )?;
        }
        for (name, Macro { arity, body }) in &self.macros {
            if arity.is_some() || body.is_empty() {
                continue;
            }
            if body.starts_with('"') {
                writeln!(
                    c,
                    "_Static_assert(__builtin_strcmp({name}, {body}) == 0, \"constant {name}\");"
                )?;
            } else if body.trim_start_matches(['(', '-']).starts_with(|c: char| c.is_ascii_digit())
            {
                writeln!(c, "_Static_assert(({name}) == ({body}), \"constant {name}\");")?;
            }
        }
        Ok(c)
    }
}

fn parse_macro(define: &str) -> (String, Macro) {
    let end = define.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(define.len());
    let (name, rest) = define.split_at(end);
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let value = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        None => Macro { arity: None, body: squeeze(rest) },
        Some((parameters, body)) => {
            let parameters: Vec<_> = parameters.split(',').map(str::trim).collect();
            let mut body = body.to_owned();
            for (index, parameter) in parameters.iter().enumerate() {
                body = replace_name(&body, parameter, &format!("${index}"));
            }
            Macro { arity: Some(parameters.len()), body: squeeze(&body) }
        }
    };
    (name.to_owned(), value)
}

fn split_at_semicolons(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut depth = 0;
    let mut start = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ';' if depth == 0 => {
                out.push(code[start..at].split_whitespace().collect::<Vec<_>>().join(" "));
                start = at + 1;
            }
            _ => {}
        }
    }
    out
}

fn last_word(text: &str) -> Option<&str> {
    text.trim().rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|w| !w.is_empty())
}

/// Replaces a name where it stands as a whole word.
fn replace_name(text: &str, from: &str, to: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let whole = !before.chars().next_back().or(out.chars().next_back()).is_some_and(is_word)
            && !after.starts_with(is_word);
        out += before;
        out += if whole { to } else { from };
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_are_compared_without_blanks_and_parameter_names() {
        let (name, one) = parse_macro("twice(x) ((x) + (x))");
        let (_, other) = parse_macro("twice(value) ((value)+(value))");
        assert_eq!(name, "twice");
        assert_eq!(one, other);
        assert_eq!(parse_macro("N (-1)").1, Macro { arity: None, body: "(-1)".into() });
        assert_ne!(parse_macro("N (-1)").1, parse_macro("N (-2)").1);
        assert_eq!(parse_macro("EMPTY").1.body, "");
    }

    #[test]
    fn declarations_are_read() {
        let mut declared = Declared::default();
        for text in split_at_semicolons(
            "typedef unsigned char Byte; typedef void (*f)(int a); struct o; \
             typedef struct s { int a; char *b; } t; extern const char * name(int);",
        ) {
            declared.add(&text).unwrap();
        }
        assert_eq!(declared.typedefs.keys().collect::<Vec<_>>(), ["Byte", "f", "t"]);
        assert_eq!(declared.typedefs["t"], "struct s  t");
        assert_eq!(declared.structs["s"], ["int a", "char *b"]);
        assert!(declared.structs["o"].is_empty());
        assert_eq!(declared.functions["name"], "extern const char * name(int)");
        assert!(declared.add("int stray").is_err());
    }
}
