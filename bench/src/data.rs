//! What is compressed: data made from a fixed seed, or the files of a folder.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use drive::Random;

/// A named piece of data.
pub struct Data {
    /// Its name in tables.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Data {
    /// `size` bytes of it from `from` on, under its name.
    pub fn piece(&self, from: usize, size: usize) -> Data {
        Data { name: self.name.clone(), bytes: self.bytes[from..from + size].to_vec() }
    }
}

type Maker = fn(usize) -> Vec<u8>;

/// Four kinds of data, `size` bytes each, the same on every machine.
pub fn made(size: usize) -> Vec<Data> {
    let kinds: [(&str, Maker); 4] = [
        ("text-like", text),
        ("binary-like", records),
        ("repetitive", log),
        ("incompressible", noise),
    ];
    kinds
        .into_iter()
        .map(|(name, make)| Data { name: name.to_owned(), bytes: make(size) })
        .collect()
}

/// The regular files below `folder`, sorted by path, each cut to `most` bytes.
pub fn folder(folder: &Path, most: usize) -> Result<Vec<Data>, String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?.flatten() {
            let kind = entry.file_type().map_err(|e| e.to_string())?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    let mut all = Vec::new();
    for path in found {
        let mut bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        bytes.truncate(most);
        if !bytes.is_empty() {
            let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            all.push(Data { name, bytes });
        }
    }
    if all.is_empty() {
        return Err(format!("no file with a byte in it below {}", folder.display()));
    }
    Ok(all)
}

/// Sentences of invented words whose frequencies follow Zipf's law, some phrases said again.
fn text(size: usize) -> Vec<u8> {
    let mut random = Random::new(11);
    let syllables = [
        "a", "ber", "con", "de", "el", "fi", "gra", "ho", "in", "ja", "ki", "lo", "men", "no",
        "or", "pre", "qui", "ra", "sta", "ti", "un", "ver", "wo", "ex", "y", "zu", "the", "ing",
    ];
    let words: Vec<String> = (0..6000)
        .map(|rank| {
            // The common words are the short ones.
            let length = 1 + random.below(if rank < 60 { 2 } else { 4 });
            (0..length).map(|_| syllables[random.below(syllables.len())]).collect()
        })
        .collect();
    let mut text = String::with_capacity(size + 64);
    let mut said: Vec<usize> = Vec::new();
    let (mut sentence, mut column) = (0, 0);
    while text.len() < size {
        if said.len() > 100 && random.below(24) == 0 {
            let from = random.below(said.len() - 8);
            let phrase: Vec<usize> = said[from..from + 3 + random.below(5)].to_vec();
            for word in phrase {
                text.push_str(&words[word]);
                text.push(' ');
            }
        }
        let word = zipf(&mut random, words.len());
        said.push(word);
        let at = text.len();
        text.push_str(&words[word]);
        if sentence == 0 {
            text[at..=at].make_ascii_uppercase();
        }
        sentence += 1;
        column += words[word].len();
        if sentence > 4 && random.below(12) == 0 {
            text.push('.');
            sentence = 0;
        } else if random.below(14) == 0 {
            text.push(',');
        }
        text.push(if column > 70 { '\n' } else { ' ' });
        if column > 70 {
            column = 0;
        }
    }
    let mut bytes = text.into_bytes();
    bytes.truncate(size);
    bytes
}

/// A rank below `count`, rank r about 1/(r+1) as often as the first.
fn zipf(random: &mut Random, count: usize) -> usize {
    let exponent = random.unit() * (count as f64).ln();
    (exponent.exp() as usize - 1).min(count - 1)
}

/// Little-endian records: counters, small numbers, measurements, addresses, flags and padding.
fn records(size: usize) -> Vec<u8> {
    let mut random = Random::new(12);
    let mut bytes = Vec::with_capacity(size + 64);
    let (mut serial, mut level) = (0x0001_0000_u32, 1000.0_f32);
    while bytes.len() < size {
        serial += 1 + random.below(3) as u32;
        level += (random.unit() as f32 - 0.5) * 8.0;
        bytes.extend(serial.to_le_bytes());
        bytes.extend((zipf(&mut random, 4000) as u16).to_le_bytes());
        bytes.extend([random.below(4) as u8, 0]);
        bytes.extend(level.to_le_bytes());
        bytes.extend((0x7f3a_1000_0000_u64 + 16 * random.below(1 << 16) as u64).to_le_bytes());
        for _ in 0..random.below(12) {
            // Bytes skewed as those of machine code.
            bytes.push((zipf(&mut random, 256) as u8).wrapping_mul(37));
        }
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes.truncate(size);
    bytes
}

/// Lines of a log: one form, few values.
fn log(size: usize) -> Vec<u8> {
    let mut random = Random::new(13);
    let mut text = String::with_capacity(size + 256);
    let mut second = 0;
    while text.len() < size {
        second += random.below(2);
        let (minute, hour) = (second / 60, second / 3600);
        let code = [200, 200, 200, 304, 404][random.below(5)];
        let (host, item) = (random.below(16), random.below(40));
        writeln!(
            text,
            "2026-01-01T{:02}:{:02}:{:02}Z host{host:02} worker[{}]: GET /items/{item}/view?lang=en \
             status={code} bytes={} agent=\"client/1.0 (linux; x86_64)\"",
            hour % 24,
            minute % 60,
            second % 60,
            1000 + host,
            4096 * (1 + item % 4),
        )
        .expect("a String takes all");
    }
    let mut bytes = text.into_bytes();
    bytes.truncate(size);
    bytes
}

fn noise(size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    Random::new(14).fill(&mut bytes);
    bytes
}

/// Bytes that begin at a multiple of 64.
pub struct Aligned {
    room: Vec<u8>,
    from: usize,
    size: usize,
}

impl Aligned {
    /// `size` zero bytes.
    pub fn new(size: usize) -> Aligned {
        let room = vec![0; size + 63];
        let from = room.as_ptr().align_offset(64);
        Aligned { room, from, size }
    }

    /// The bytes.
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.room[self.from..self.from + self.size]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_data_is_of_the_size_asked_and_always_the_same() {
        let (first, second) = (made(100_000), made(100_000));
        for (a, b) in first.iter().zip(&second) {
            assert_eq!(a.bytes.len(), 100_000, "{}", a.name);
            assert!(a.bytes == b.bytes, "{}", a.name);
        }
        assert_eq!(first.len(), 4);
    }
}
