//! What can be seen in the machine code of a library without running it.
//!
//! Every instruction is decoded, with the function that it is in and the CPU features that it
//! needs, under the names that rustc gives them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use iced_x86::{Decoder, DecoderOptions, Formatter, GasFormatter, Instruction, Mnemonic, OpKind};
use object::{Architecture, Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use serde::{Deserialize, Serialize};

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The demangled function, or the section where there is no symbol.
    pub function: String,
    /// Its address in the file.
    pub address: u64,
    /// AT&T syntax, as objdump prints it.
    pub text: String,
}

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Instructions decoded.
    pub instructions: u64,
    /// Stores of AH, BH, CH or DH to memory: they crash some Raptor Lake CPUs (zlib-rs issue 306).
    pub high_byte_stores: Vec<Site>,
    /// CPUID instructions.
    pub cpuid: Vec<Site>,
    /// For each feature, the functions that use it, each with the first of every such instruction.
    pub features: BTreeMap<String, Vec<Site>>,
}

impl Scan {
    /// The features that are used at all.
    pub fn used(&self) -> BTreeSet<&str> {
        self.features.keys().map(String::as_str).collect()
    }

    /// Uses of features that are not in `allowed`, in functions that `excused` does not name.
    pub fn above<'a>(
        &'a self,
        allowed: &'a BTreeSet<String>,
        excused: impl Fn(&str, &str) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a str, &'a Site)> {
        self.features
            .iter()
            .filter(|(feature, _)| !allowed.contains(*feature))
            .flat_map(|(feature, sites)| sites.iter().map(move |site| (feature.as_str(), site)))
            .filter(move |(feature, site)| !excused(&site.function, feature))
    }
}

/// Decodes the executable sections of an ELF file; nothing is found in one that is not x86-64.
pub fn scan(path: &Path) -> Result<Scan> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let file = object::File::parse(&*bytes)
        .with_context(|| format!("{} is no ELF file", path.display()))?;
    let mut scan = Scan::default();
    if file.architecture() != Architecture::X86_64 {
        return Ok(scan);
    }
    for section in file.sections().filter(|s| s.kind() == SectionKind::Text) {
        let mut functions: BTreeMap<u64, &str> = BTreeMap::new();
        for symbol in file.symbols().chain(file.dynamic_symbols()) {
            // Hand-written assembler often leaves its functions without a type.
            let function =
                matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown | SymbolKind::Label);
            let name = symbol.name().unwrap_or_default();
            if function && symbol.section_index() == Some(section.index()) && !name.is_empty() {
                functions.entry(symbol.address()).or_insert(name);
            }
        }
        scan_section(section.data()?, section.address(), section.name()?, &functions, &mut scan);
    }
    Ok(scan)
}

fn scan_section(
    code: &[u8],
    base: u64,
    section: &str,
    functions: &BTreeMap<u64, &str>,
    scan: &mut Scan,
) {
    let end = base + code.len() as u64;
    let mut starts: Vec<(u64, String)> = vec![(base, section.to_owned())];
    for (&address, name) in functions {
        if address > base && address < end {
            starts.push((address, format!("{:#}", rustc_demangle::demangle(name))));
        } else if address == base {
            starts[0].1 = format!("{:#}", rustc_demangle::demangle(name));
        }
    }
    let mut formatter = GasFormatter::new();
    // Decoding starts again at each function, so padding between them cannot lead it astray.
    for (i, (start, function)) in starts.iter().enumerate() {
        let stop = starts.get(i + 1).map_or(end, |(next, _)| *next);
        let body = &code[(start - base) as usize..(stop - base) as usize];
        let mut decoder = Decoder::with_ip(64, body, *start, DecoderOptions::NONE);
        let mut instruction = Instruction::default();
        let mut seen = BTreeSet::new();
        while decoder.can_decode() {
            decoder.decode_out(&mut instruction);
            if instruction.is_invalid() {
                continue;
            }
            scan.instructions += 1;
            let mut site = || {
                let mut text = String::new();
                formatter.format(&instruction, &mut text);
                Site { function: function.clone(), address: instruction.ip(), text }
            };
            if stores_high_byte(&instruction) {
                scan.high_byte_stores.push(site());
            }
            if instruction.mnemonic() == Mnemonic::Cpuid {
                scan.cpuid.push(site());
            }
            for feature in features(&instruction) {
                if seen.insert((feature.clone(), instruction.mnemonic() as u32)) {
                    scan.features.entry(feature).or_default().push(site());
                }
            }
        }
    }
}

fn stores_high_byte(instruction: &Instruction) -> bool {
    use iced_x86::Register::{AH, BH, CH, DH};
    instruction.mnemonic() == Mnemonic::Mov
        && instruction.op0_kind() == OpKind::Memory
        && instruction.op1_kind() == OpKind::Register
        && matches!(instruction.op1_register(), AH | BH | CH | DH)
}

/// The features beyond every x86-64 CPU that an instruction needs, under rustc's names.
fn features(instruction: &Instruction) -> impl Iterator<Item = String> {
    // TZCNT is an encoding that older CPUs execute as BSF, and compilers emit it for every CPU
    // where the operand is known not to be zero.
    let tzcnt = instruction.mnemonic() == Mnemonic::Tzcnt;
    // XGETBV is what feature detection itself uses, after it has asked CPUID.
    let xgetbv = instruction.mnemonic() == Mnemonic::Xgetbv;
    let list: &[_] = if tzcnt || xgetbv { &[] } else { instruction.cpuid_features() };
    list.iter().filter_map(|feature| rustc_name(&format!("{feature:?}")))
}

/// rustc's name for a feature of the decoder; none for what every x86-64 CPU has, or ignores.
fn rustc_name(decoder_name: &str) -> Option<String> {
    let name = match decoder_name {
        "SSE4_1" => "sse4.1",
        "SSE4_2" => "sse4.2",
        "CMPXCHG16B" => "cmpxchg16b",
        "AVX_VNNI" => "avxvnni",
        name if name.starts_with("AVX512") => return Some(name.to_lowercase().replace('_', "")),
        "SSE3" | "SSSE3" | "SSE4A" | "POPCNT" | "LZCNT" | "BMI1" | "BMI2" | "AVX" | "AVX2"
        | "FMA" | "F16C" | "MOVBE" | "AES" | "PCLMULQDQ" | "VPCLMULQDQ" | "VAES" | "GFNI"
        | "SHA" | "ADX" | "RDRAND" | "RDSEED" | "TBM" | "XOP" | "FMA4" => {
            return Some(decoder_name.to_lowercase());
        }
        _ => return None,
    };
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan_code(code: &[u8]) -> Scan {
        let mut scan = Scan::default();
        scan_section(code, 0x1000, ".text", &BTreeMap::from([(0x1000, "f")]), &mut scan);
        scan
    }

    #[test]
    fn a_store_of_a_high_byte_register_is_found_and_a_load_is_not() {
        // mov %ch,(%rdi); mov (%rdi),%ch; mov %cl,(%rdi); mov %ah,%al
        let scan = scan_code(&[0x88, 0x2f, 0x8a, 0x2f, 0x88, 0x0f, 0x88, 0xe0]);
        assert_eq!(scan.instructions, 4);
        let texts: Vec<_> = scan.high_byte_stores.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(texts, ["mov %ch,(%rdi)"]);
    }

    #[test]
    fn instructions_are_counted_to_the_features_that_they_need() {
        // vpxorq %xmm16,%xmm0,%xmm0; bzhi %rax,%rbx,%rcx; paddb %xmm0,%xmm1; tzcnt %eax,%eax
        let scan = scan_code(&[
            0x62, 0xb1, 0xfd, 0x08, 0xef, 0xc0, 0xc4, 0xe2, 0xf8, 0xf5, 0xcb, 0x66, 0x0f, 0xfc,
            0xc8, 0xf3, 0x0f, 0xbc, 0xc0,
        ]);
        assert_eq!(scan.used().into_iter().collect::<Vec<_>>(), ["avx512f", "avx512vl", "bmi2"]);
        let allowed = BTreeSet::from(["bmi2".to_owned()]);
        let above: Vec<_> = scan.above(&allowed, |_, feature| feature == "avx512f").collect();
        assert_eq!(above.len(), 1);
        assert_eq!((above[0].0, above[0].1.function.as_str()), ("avx512vl", "f"));
    }
}
