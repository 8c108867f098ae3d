//! What lies in the source and not at the destination, page by page.

use std::collections::VecDeque;

use crate::catalog::absent::{OutOfOrder, Place, Step, Walk};
use crate::store::{ErrorKind, ObjectMeta, Retry, StoreError};
use crate::stores::Patience;
use crate::stores::s3::copy::Copying;
use crate::stores::s3::{PAGE, S3Store, Start};

/// How much of a source is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Whole,
    /// As many pages of each side.
    Pages(usize),
}

/// A walk over both sides. It holds a page of each, but for endpoints that list in an order of their own: of these all keys.
pub struct Comparison<'a> {
    copying: &'a Copying,
    walk: Walk<ObjectMeta>,
    here: Listing<'a>,
    there: Listing<'a>,
    reach: Reach,
    /// Objects of the source that were passed.
    passed: u64,
    last: Option<String>,
    cut: bool,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(copying: &'a Copying, reach: Reach, after: Option<String>) -> Self {
        let from = || Some(after.clone().map_or(From::Beginning, From::After));
        let listing = |store| Listing { store, below: &copying.terms.below, next: from(), pages: 0 };
        Self {
            copying,
            walk: Walk::new(|object: &ObjectMeta| &object.key),
            here: listing(&copying.here),
            there: listing(&copying.there),
            reach,
            passed: 0,
            last: None,
            cut: false,
        }
    }

    /// Objects of the source so far.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// The last of them.
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Whether it ended before all was compared.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The next one that is not at the destination. After an order that is the endpoint's own was met it begins anew.
    ///
    /// # Errors
    /// When a side cannot be listed. A destination that is not there holds nothing.
    pub async fn next(&mut self) -> Result<Option<ObjectMeta>, StoreError> {
        loop {
            let (place, added) = match self.walk.step() {
                Step::Absent(object) => return Ok(Some(object)),
                Step::Over => return Ok(None),
                Step::Ask(place) => {
                    let listing = if place == Place::Here { &mut self.here } else { &mut self.there };
                    if matches!(self.reach, Reach::Pages(most) if listing.pages >= most) {
                        self.cut = true;
                        return Ok(None);
                    }
                    let page = listing.page().await;
                    let is_new = place == Place::There && page.as_ref().is_err_and(|error| error.kind == ErrorKind::NotFound);
                    let page = if is_new { VecDeque::new() } else { page? };
                    listing.next = listing.next.take().filter(|_| !is_new);
                    (place, self.add(place, page))
                }
            };
            if added.is_err() {
                let store = if place == Place::Here { &self.copying.here } else { &self.copying.there };
                if store.connection.is_out_of_order() {
                    return Err(twice(store, &self.copying.terms.below));
                }
                store.connection.note_out_of_order();
                *self = Self::new(self.copying, self.reach, None);
            }
        }
    }

    fn add(&mut self, place: Place, page: VecDeque<ObjectMeta>) -> Result<(), OutOfOrder> {
        match place {
            Place::Here => {
                self.passed += page.len() as u64;
                self.last = page.back().map(|object| object.key.clone()).or(self.last.take());
                self.walk.add_here(page.into(), self.here.next.is_none())
            }
            Place::There => self.walk.add_there(page.into_iter().map(|object| object.key).collect(), self.there.next.is_none()),
        }
    }
}

fn twice(store: &S3Store, below: &str) -> StoreError {
    StoreError::new("list", store.subject(below), ErrorKind::Other, Retry::Never, "a key came twice")
}

/// From where on a listing goes on.
#[derive(Clone)]
enum From {
    Beginning,
    After(String),
    Token(String),
}

/// One side.
struct Listing<'a> {
    store: &'a S3Store,
    below: &'a str,
    /// `None`: it has ended.
    next: Option<From>,
    pages: usize,
}

impl Listing<'_> {
    async fn page(&mut self) -> Result<VecDeque<ObjectMeta>, StoreError> {
        let mut found = self.one().await?;
        // An order that is the endpoint's own is known by its name with the first answer: all of it is put in order here.
        if self.store.connection.is_out_of_order() {
            while self.next.is_some() {
                found.extend(self.one().await?);
            }
            found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            found.dedup_by(|a, b| a.key == b.key);
        }
        Ok(found.into())
    }

    async fn one(&mut self) -> Result<Vec<ObjectMeta>, StoreError> {
        let Some(from) = self.next.take() else { return Ok(Vec::new()) };
        let connection = &self.store.connection;
        let start = || match &from {
            From::Beginning => Start::Beginning,
            From::After(key) => Start::After(key),
            From::Token(token) => Start::Token(token.clone()),
        };
        let request = || self.store.paged(self.below, start(), None, PAGE);
        let page = connection.patiently(Patience::default(), request).await;
        let page = page.map_err(|refusal| self.store.fault("list", self.below, refusal))?;
        self.pages += 1;
        self.next = page.next.map(From::Token);
        Ok(page.objects)
    }
}
