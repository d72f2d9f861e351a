//! Does harm to files as some bytes say, so that a fuzzer gets behind the checks: what it changed it
//! can also make agree again. Knows headers only by their length.

use journal::archive::FRAME_HEADER;
use journal::format::{BATCH_HEADER, BLOCK, BatchHeader, SEGMENT_HEADER, sum};

/// Bytes of a step: what and to which file, where (two bytes), and with what.
const STEP: usize = 4;
/// More steps than this only take time.
const STEPS_MAX: usize = 64;

/// Takes the steps that the bytes say.
pub(crate) fn harm(files: &mut [(String, Vec<u8>)], bytes: &[u8]) {
    for step in bytes.chunks_exact(STEP).take(STEPS_MAX) {
        let [what, high, low, with] = [step[0], step[1], step[2], step[3]];
        let file = usize::from(what >> 4) % files.len();
        let (_, bytes) = &mut files[file];
        if bytes.len() < BLOCK {
            continue;
        }
        let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
        let block = at / BLOCK * BLOCK;
        match what & 0x0F {
            0..=3 => bytes[at] = with,
            4 | 5 => bytes[at] ^= 1 << (with % 8),
            6 => bytes[at / 512 * 512..][..512].fill(0),
            7 => {
                let from = usize::from(with) * BLOCK % bytes.len();
                let end = (from + BLOCK).min(bytes.len());
                let to = block.min(bytes.len() - (end - from));
                bytes.copy_within(from..end, to);
            }
            8 => bytes.truncate(block.max(BLOCK)),
            9 => bytes.truncate(at.max(BLOCK)),
            10 | 11 => agree(&mut bytes[..SEGMENT_HEADER]),
            12 => agree(&mut bytes[..2 * SEGMENT_HEADER]),
            13 => agree(&mut bytes[block..][..BATCH_HEADER]),
            14 => agree(&mut bytes[block..][..FRAME_HEADER]),
            _ => agree_records(&mut bytes[block..]),
        }
    }
}

/// Makes the check of a header agree with it.
fn agree(header: &mut [u8]) {
    let (covered, check) = header.split_last_chunk_mut::<8>().expect("a header is longer");
    *check = sum(covered).to_le_bytes();
}

/// Makes the sum of a batch, and then its check, agree with what stands there.
fn agree_records(batch: &mut [u8]) {
    let Ok(header) = BatchHeader::read(batch) else { return };
    let end = BATCH_HEADER + usize::try_from(header.length).expect("it is short");
    let Some(records) = batch.get(BATCH_HEADER..end) else { return };
    let sum = sum(records);
    let whole = BatchHeader { sum, ..header }.whole();
    batch[..BATCH_HEADER].copy_from_slice(&whole);
}
