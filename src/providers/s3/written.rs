//! What a session wrote, and how often it was seen since.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::place::Place;

type Key = (usize, String, &'static Document);

#[derive(Debug, Default, Clone)]
pub(super) struct Written {
    /// What stood beside bdr's part.
    pub foreign: Vec<Element>,
    /// Equal reads in a row.
    pub equal: u32,
    /// How often it was written again.
    pub repairs: u32,
}

/// What this session wrote.
#[derive(Debug, Default)]
pub(super) struct Settling(Mutex<HashMap<Key, Written>>);

impl Settling {
    pub fn with<T>(&self, place: &Place, document: &'static Document, work: impl FnOnce(&mut Written) -> T) -> T {
        let (connection, bucket) = place.identity();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(all.entry((connection, bucket.to_owned(), document)).or_default())
    }

    /// Notes what stood beside bdr's part when it was written.
    pub fn wrote(&self, place: &Place, document: &'static Document, foreign: Vec<Element>) {
        self.with(place, document, |written| {
            written.foreign = foreign;
            written.equal = 0;
        });
    }
}
