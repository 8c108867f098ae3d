//! A source that is walked on a thread of its own, ahead of whoever asks it for items.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::vec::IntoIter;

use crate::source::{Item, Source, Trouble};

/// Items handed over at a time, and how many such batches wait.
const ITEMS: usize = 128;
const BATCHES: usize = 2;

pub type Batch = Result<Vec<Item>, Trouble>;

/// The near end of such a source.
pub struct Ahead {
    from: Receiver<Batch>,
    batch: IntoIter<Item>,
    ended: bool,
}

impl Ahead {
    /// The near end, and where [`walk`] sends to.
    pub fn new() -> (SyncSender<Batch>, Self) {
        let (to, from) = sync_channel(BATCHES);
        (to, Self { from, batch: Vec::new().into_iter(), ended: false })
    }
}

impl Source for Ahead {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        while self.batch.len() == 0 && !self.ended {
            let lost = |_| Trouble::suspect("the walk over the source broke off", "its thread is gone");
            self.batch = self.from.recv().map_err(lost)??.into_iter();
            self.ended = self.batch.len() == 0;
        }
        Ok(self.batch.next())
    }
}

/// Walks a source to its end, which an empty batch tells, or until nobody asks any more.
pub fn walk(source: &mut dyn Source, to: &SyncSender<Batch>) {
    let mut batch = Vec::with_capacity(ITEMS);
    loop {
        match source.next() {
            Ok(Some(item)) => batch.push(item),
            end => {
                let rest = (!batch.is_empty()).then_some(Ok(batch));
                let mut last = rest.into_iter().chain([end.map(|_| Vec::new())]);
                let nobody_asks = last.try_for_each(|batch| to.send(batch));
                drop(nobody_asks);
                return;
            }
        }
        if batch.len() == ITEMS && to.send(Ok(std::mem::replace(&mut batch, Vec::with_capacity(ITEMS)))).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::catalog::entry::Entry;

    /// So many items, and then an end or a failure.
    struct Items(usize, Option<Trouble>);

    impl Source for Items {
        fn next(&mut self) -> Result<Option<Item>, Trouble> {
            let Some(left) = self.0.checked_sub(1) else { return self.1.take().map_or(Ok(None), Err) };
            self.0 = left;
            Ok(Some(Item { entry: Entry::default(), content: None, links: 1, trouble: None }))
        }
    }

    fn all(mut source: Items) -> (usize, Result<(), Trouble>) {
        let (to, mut ahead) = Ahead::new();
        let far = thread::spawn(move || walk(&mut source, &to));
        let mut count = 0;
        let end = loop {
            match ahead.next() {
                Ok(Some(_)) => count += 1,
                Ok(None) => break ahead.next().map(|none| assert!(none.is_none())),
                Err(trouble) => break Err(trouble),
            }
        };
        far.join().expect("joined");
        (count, end)
    }

    #[test]
    fn every_item_comes_and_then_the_end_or_what_failed() {
        let failed = || Trouble::suspect("failed", "by the test");
        for count in [0, 1, ITEMS - 1, ITEMS, ITEMS * 3 + 1] {
            assert_eq!(all(Items(count, None)), (count, Ok(())));
            assert_eq!(all(Items(count, Some(failed()))), (count, Err(failed())));
        }
    }

    #[test]
    fn a_walk_that_broke_off_is_no_end() {
        let (to, mut ahead) = Ahead::new();
        drop(to);
        assert!(ahead.next().is_err());
    }
}
