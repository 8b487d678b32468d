//! The job given to the runner and the events that it answers with.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One run of the runner.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// How long to measure.
    pub pace: Pace,
    /// What to measure.
    pub work: Work,
}

/// How long a race lasts. A race runs one operation on one input with every library in turn.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Pace {
    /// The time that calls are batched up to, in microseconds: one batch is one reading.
    pub batch_us: u64,
    /// The CPU time a race takes for each library in it, in milliseconds.
    pub race_ms: u64,
    /// The fewest rounds of a race, however long they take.
    pub min_rounds: usize,
}

/// What to measure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Work {
    /// crc32 and adler32.
    Checksum(ChecksumJob),
    /// inflate.
    Inflate(EngineJob),
    /// deflate.
    Deflate(EngineJob),
    /// zstd.
    Zstd(CodecJob),
}

/// Checksum functions over buffers of some sizes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChecksumJob {
    /// The functions, all of them with zlib's arguments in zlib's order.
    pub functions: Vec<ChecksumFunction>,
    /// Buffer sizes in bytes.
    pub sizes: Vec<usize>,
    /// Also these with the same bytes [`ODD`] bytes further on, so that no load is aligned.
    pub odd: Vec<usize>,
    /// Also lengths drawn at random from 1 to each of these.
    pub mixed: Vec<usize>,
    /// Where the buffer begins, in bytes after a multiple of 64.
    pub offset: usize,
    /// Whether each call's start value is the call before's result.
    pub chained: bool,
}

/// How far the buffers of odd rows are moved.
pub const ODD: usize = 21;

/// A checksum function of a shared object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChecksumFunction {
    /// Which checksum it computes.
    pub checksum: Checksum,
    /// The library's name in tables.
    pub library: String,
    /// The shared object.
    pub path: PathBuf,
    /// The function's name in it.
    pub symbol: String,
}

/// A checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checksum {
    /// CRC-32 of gzip and zip.
    Crc32,
    /// Adler-32 of zlib.
    Adler32,
}

impl Checksum {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Checksum::Crc32 => "crc32",
            Checksum::Adler32 => "adler32",
        }
    }
}

/// Compression and decompression with some libraries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CodecJob {
    /// The libraries.
    pub libraries: Vec<Library>,
    /// A folder of files to compress; data made from a fixed seed where there is none.
    pub corpus: Option<PathBuf>,
    /// Bytes of each made kind of data, or at most this much of each file.
    pub data_bytes: usize,
    /// Compression levels.
    pub levels: Vec<i32>,
    /// Chunk sizes of streaming calls, in bytes.
    pub chunks: Vec<usize>,
}

/// Inflate or deflate on real files.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EngineJob {
    /// The libraries to measure.
    pub libraries: Vec<Library>,
    /// The library that makes the streams to inflate and decompresses what others made, and whose
    /// compressed bytes the others' are compared with: stock zlib, where it is available.
    pub reference: Library,
    /// What is compressed, or compressed first and then decompressed.
    pub files: Vec<Input>,
    /// Which parts to measure.
    pub parts: Vec<Part>,
    /// Compression levels.
    pub levels: Vec<i32>,
    /// Levels of the streaming rows, whose number is that of the levels times that of the shapes.
    pub stream_levels: Vec<i32>,
    /// Input and output room of a streaming call, in bytes.
    pub shapes: Vec<(usize, usize)>,
    /// Further processes that run our library, each in an environment of its own.
    pub followers: Vec<Follower>,
    /// Whether this process is such a follower and takes its turn when it is told.
    pub follows: bool,
}

/// Some bytes of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Input {
    /// The name in tables.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Where the bytes begin.
    pub from: usize,
    /// How many there are.
    pub bytes: usize,
    /// Whether the small jobs take their messages from it.
    pub small: bool,
}

/// A part of an engine's benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Whole files in one call.
    OneCall,
    /// The strategies other than the default.
    Strategy,
    /// Whole files in pieces.
    Stream,
    /// Messages of a few bytes to some kilobytes.
    Small,
    /// What a stream allocates.
    Memory,
}

/// A process that runs our library in another environment, in turns with the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Follower {
    /// The name in tables.
    pub name: String,
    /// Variables that are set for it.
    pub environment: Vec<(String, String)>,
}

/// A library to measure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Library {
    /// Its name in tables.
    pub name: String,
    /// The shared object.
    pub path: PathBuf,
    /// What its functions are called.
    pub interface: Interface,
}

/// The C interface that a library has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interface {
    /// zlib.h.
    Zlib,
    /// libdeflate.h: whole buffers only.
    Libdeflate,
    /// ISA-L's igzip_lib.h, for decompression.
    Isal,
    /// zstd.h.
    Zstd,
}

/// A line of the runner's output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Event {
    /// How many races there will be.
    Races(usize),
    /// A library that is measured.
    Loaded(Loaded),
    /// A library that cannot be measured, and why.
    LeftOut {
        /// Its name.
        library: String,
        /// Why.
        reason: String,
    },
    /// A race is over.
    Race(Race),
    /// What a library allocates for one object.
    Memory(Memory),
}

/// A library as the process holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Loaded {
    /// Its name in tables.
    pub library: String,
    /// The file that its functions lie in, as the dynamic loader says.
    pub file: String,
    /// The versions that it tells, and the CPU tier where it tells one.
    pub says: Option<String>,
}

/// The times of one operation on one input.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Race {
    /// The operation, as in a table's title.
    pub operation: String,
    /// The part of an engine's benchmark that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// The name of the data.
    pub data: String,
    /// The compression level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<i32>,
    /// The chunk size of streaming calls; whole buffers where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk: Option<usize>,
    /// Bytes of uncompressed data that one call, or one pass of streaming calls, works through.
    pub bytes: usize,
    /// One for each library, in the job's order.
    pub times: Vec<Timing>,
}

/// A library's times in a race.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Timing {
    /// Its name.
    pub library: String,
    /// The shortest reading, in nanoseconds a call.
    pub best_ns: f64,
    /// The middle reading, in nanoseconds a call.
    pub median_ns: f64,
    /// Readings taken.
    pub rounds: usize,
    /// Calls in each reading.
    pub calls: u64,
    /// Bytes of compressed data, where some come out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compressed: Option<usize>,
    /// Whether those are the bytes of the reference library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same: Option<bool>,
}

/// Bytes that a library holds, as its allocator is asked for them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Memory {
    /// Its name.
    pub library: String,
    /// The object.
    pub object: String,
    /// Bytes held once the object is made.
    pub made: usize,
    /// The most bytes held while it works.
    pub peak: usize,
    /// Allocations from its making to its end, where an allocator of ours counted them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocations: Option<usize>,
}
