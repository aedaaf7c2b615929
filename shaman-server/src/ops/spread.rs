//! Work on several threads at once, whose end is waited for.

use std::thread;

/// Threads of one list: disks answer several questions at once, and so do processors.
const THREADS: usize = 4;

/// A shorter part is not worth a thread, which costs about as much as some hundred looks.
const PART_MIN: usize = 500;

/// Calls `look` with consecutive parts of a list, on several threads when it is long, and gives what
/// came of them, in order; or the first failure.
pub(super) fn spread<T: Sync, R: Send, E: Send>(
    items: &[T],
    look: impl Fn(&[T]) -> Result<Vec<R>, E> + Sync,
) -> Result<Vec<R>, E> {
    let part = items.len().div_ceil(THREADS).max(PART_MIN);
    if items.len() <= part {
        return look(items);
    }
    thread::scope(|scope| {
        let parts: Vec<_> = items.chunks(part).map(|part| scope.spawn(|| look(part))).collect();
        let mut all = Vec::with_capacity(items.len());
        for part in parts {
            match part.join() {
                Ok(looked) => all.extend(looked?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })
}

/// Does both at the same time.
pub(super) fn beside<A, B: Send>(
    one: impl FnOnce() -> A,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    thread::scope(|scope| {
        let other = scope.spawn(other);
        let one = one();
        match other.join() {
            Ok(other) => (one, other),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_of_a_long_list_is_in_order() {
        let all: Vec<usize> = (0..10_001).collect();
        let twice = |part: &[usize]| Ok::<_, usize>(part.iter().map(|n| n * 2).collect());
        assert_eq!(spread(&all, twice), Ok(all.iter().map(|n| n * 2).collect()));
        let stop = |part: &[usize]| {
            part.iter().map(|n| if *n > 9_000 { Err(*n) } else { Ok(*n) }).collect()
        };
        assert_eq!(spread(&all, stop), Err::<Vec<usize>, _>(9_001));
        assert_eq!(spread(&all[..3], twice), Ok(vec![0, 2, 4]));
    }
}
