//! What a context holds.

use std::ffi::c_void;

use bench::job::Event;

use crate::Emit;
use crate::data::made;
use crate::memory::Count;
use crate::zstd_abi::{Context, CustomMem, Zstd};

const CHUNK: usize = 16 << 10;

/// Measures the library's contexts by their allocator.
pub fn measure(library: &str, functions: &Zstd, emit: &mut Emit) -> Result<(), String> {
    let data = &made(1 << 20)[0].bytes;
    let mut out = vec![0; 2 << 20];
    let mut packed = Vec::new();
    for level in [1, 3, 19] {
        for chunks in [false, true] {
            let count = Count::default();
            let context = Context::compress(functions, Some(counted(&count)))?;
            let made = count.live.get();
            let size = if chunks {
                functions.compress_chunks(context.raw(), level, data, &mut out, CHUNK)?
            } else {
                functions.compress(Some(context.raw()), data, &mut out, level)?
            };
            drop(context);
            packed = out[..size].to_vec();
            let object = format!("CCtx, level {level}, {}", calls(chunks));
            emit(Event::Memory(count.figure(library, &object, made)?));
        }
    }
    for chunks in [false, true] {
        let count = Count::default();
        let context = Context::decompress(functions, Some(counted(&count)))?;
        let made = count.live.get();
        if chunks {
            functions.decompress_chunks(context.raw(), &packed, &mut out, CHUNK)?;
        } else {
            functions.decompress(Some(context.raw()), &packed, &mut out)?;
        }
        drop(context);
        let object = format!("DCtx, {}", calls(chunks));
        emit(Event::Memory(count.figure(library, &object, made)?));
    }
    Ok(())
}

fn calls(chunks: bool) -> &'static str {
    if chunks { "streaming" } else { "whole buffer" }
}

fn counted(count: &Count) -> CustomMem {
    CustomMem { alloc, free, opaque: (&raw const *count).cast_mut().cast() }
}

unsafe extern "C" fn alloc(opaque: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: `counted` put a Count there that outlives the context.
    unsafe { &*opaque.cast::<Count>() }.alloc(size)
}

unsafe extern "C" fn free(opaque: *mut c_void, address: *mut c_void) {
    // SAFETY: as in alloc; the library frees only what alloc gave it.
    unsafe { (*opaque.cast::<Count>()).free(address) }
}
