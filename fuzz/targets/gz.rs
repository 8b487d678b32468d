//! Reading of any bytes as a gz file, by any of the reading functions: ours, and the same calls to
//! the stock zlib that `ZCOMPAT_STOCK` names, if it does.
#![no_main]

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};
use std::sync::OnceLock;

use drive::Object;
use libfuzzer_sys::fuzz_target;

extern crate zcompat as _;

macro_rules! functions {
    ($($name:ident($($arg:ident: $type:ty),*) -> $ret:ty;)*) => {
        struct Gz {
            $($name: unsafe extern "C" fn($($type),*) -> $ret,)*
        }

        impl Gz {
            fn linked() -> Gz {
                unsafe extern "C" {
                    $(fn $name($($arg: $type),*) -> $ret;)*
                }
                Gz { $($name,)* }
            }

            fn open(path: &str) -> Gz {
                let library = Object::open(path.as_ref()).expect("ZCOMPAT_STOCK is a libz.so.1");
                Gz { $(
                    // SAFETY: the symbol has this type in every libz.
                    $name: unsafe { library.function(stringify!($name)) }.expect("exported"),
                )* }
            }
        }
    };
}

functions! {
    gzdopen(fd: c_int, mode: *const c_char) -> *mut c_void;
    gzread(file: *mut c_void, to: *mut c_void, len: c_uint) -> c_int;
    gzgets(file: *mut c_void, to: *mut c_char, len: c_int) -> *mut c_char;
    gzgetc(file: *mut c_void) -> c_int;
    gzungetc(byte: c_int, file: *mut c_void) -> c_int;
    gzseek(file: *mut c_void, offset: c_long, whence: c_int) -> c_long;
    gztell(file: *mut c_void) -> c_long;
    gzeof(file: *mut c_void) -> c_int;
    gzdirect(file: *mut c_void) -> c_int;
    gzbuffer(file: *mut c_void, size: c_uint) -> c_int;
    gzerror(file: *mut c_void, code: *mut c_int) -> *const c_char;
    gzclose(file: *mut c_void) -> c_int;
}

/// What one call gave: its result, the bytes, and what the file says of itself.
#[derive(Debug, PartialEq)]
struct Said {
    what: u8,
    result: c_long,
    bytes: Vec<u8>,
    tell: c_long,
    eof: c_int,
    code: c_int,
    text: String,
}

/// Does all calls that the first bytes choose, with the rest as the file.
fn read(gz: &Gz, data: &[u8]) -> Vec<Said> {
    let (choices, bytes) = data.split_at(data.len().min(16));
    let mut all = Vec::new();
    // SAFETY: a file in memory of our own; every pointer is to a buffer of the length beside it.
    unsafe {
        // The same descriptor each time: gzdopen's name of it is in the texts.
        let fd = libc::memfd_create(c"gz".as_ptr(), 0);
        assert!(fd >= 0);
        assert_eq!(libc::write(fd, bytes.as_ptr().cast(), bytes.len()), bytes.len() as isize);
        libc::lseek(fd, 0, libc::SEEK_SET);
        let mode = if choices.first().is_some_and(|c| c & 1 != 0) { c"rG" } else { c"r" };
        let file = (gz.gzdopen)(fd, mode.as_ptr());
        assert!(!file.is_null());
        let mut size = 8 + choices.get(1).map_or(0, |c| usize::from(*c) * 16);
        // docs/gz.md: else stock takes a complete file for a truncated one, as below.
        size += usize::from(bytes.len().is_multiple_of(size));
        (gz.gzbuffer)(file, size as c_uint);
        let (mut total, mut ended) = (0, false);
        for choice in choices.iter().skip(2).cycle().take(200) {
            // Exact allocations, so that a byte too far is seen.
            let mut buffer = vec![0u8; 1 + usize::from(choice >> 3) * 40];
            let len = buffer.len();
            let mut given = 0;
            let result = match choice & 7 {
                0..=2 => {
                    let got = (gz.gzread)(file, buffer.as_mut_ptr().cast(), len as c_uint);
                    assert!(got <= len as c_int);
                    given = got.max(0) as usize;
                    total += given;
                    got.into()
                }
                3 if ended => 0,
                3 => {
                    let line = (gz.gzgets)(file, buffer.as_mut_ptr().cast(), len as c_int);
                    assert!(line.is_null() || buffer.contains(&0));
                    given = if line.is_null() { 0 } else { CStr::from_ptr(line).count_bytes() };
                    line.is_null().into()
                }
                4 => {
                    let byte = (gz.gzgetc)(file);
                    assert!((-1..256).contains(&byte));
                    if choice & 8 != 0 && byte >= 0 {
                        let back = (gz.gzungetc)(byte, file);
                        assert!(back == byte || back == -1);
                        c_long::from(back) << 8 | c_long::from(byte)
                    } else {
                        byte.into()
                    }
                }
                5 => (gz.gzseek)(file, c_long::from(*choice), libc::SEEK_CUR),
                6 => (gz.gzdirect)(file).into(),
                _ if choice & 8 != 0 => {
                    ended = false;
                    (gz.gzseek)(file, 0, libc::SEEK_SET)
                }
                _ => 0,
            };
            buffer.truncate(given);
            let mut code = 0;
            let text = CStr::from_ptr((gz.gzerror)(file, &mut code));
            let (tell, eof) = ((gz.gztell)(file), (gz.gzeof)(file));
            ended |= eof != 0;
            all.push(Said {
                what: choice & 7,
                result,
                bytes: buffer,
                tell,
                eof,
                code,
                text: text.to_string_lossy().into_owned(),
            });
            if total > 1 << 22 {
                break;
            }
        }
        let code = (gz.gzclose)(file);
        all.push(Said {
            what: 8,
            result: code.into(),
            bytes: Vec::new(),
            tell: 0,
            eof: 0,
            code: 0,
            text: String::new(),
        });
    }
    all
}

fn libraries() -> &'static (Gz, Option<Gz>) {
    static LIBRARIES: OnceLock<(Gz, Option<Gz>)> = OnceLock::new();
    LIBRARIES.get_or_init(|| {
        (Gz::linked(), std::env::var("ZCOMPAT_STOCK").ok().map(|path| Gz::open(&path)))
    })
}

fuzz_target!(|data: &[u8]| {
    let (ours, stock) = libraries();
    let said = read(ours, data);
    let Some(stock) = stock else { return };
    for (ours, mut stock) in said.into_iter().zip(read(stock, data)) {
        // The text of some errors of corrupt data is the engine's (docs/gz.md).
        if ours.code == -3 {
            stock.text.clone_from(&ours.text);
        }
        assert_eq!(ours, stock, "ours and stock");
    }
});
