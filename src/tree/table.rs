//! The packs of a backup by their numbers, in as little memory as they need.

use std::collections::HashMap;

use crate::catalog::FormatError;
use crate::catalog::digest::Digest;
use crate::catalog::index::{PackRef, read_pack};
use crate::catalog::layout::Place;
use crate::catalog::manifest::Manifest;
use crate::catalog::part::Reader;
use crate::tree::TreeError;
use crate::tree::shelf::Shelf;

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Index into `places`.
    place: u32,
    sha256: Digest,
    size: u64,
}

/// Packs by number. Some 48 bytes for each pack of 16 MiB: 3 MiB for each terabyte.
#[derive(Debug, Default)]
pub struct Table {
    places: Vec<Place>,
    by_place: HashMap<Place, u32>,
    slots: Vec<Option<Slot>>,
}

/// Numbers that no backup reaches before its next full one; a larger one is damage.
const LARGEST: u32 = 1 << 26;

impl Table {
    /// Reads the table of a backup.
    ///
    /// # Errors
    /// When a part is missing or damaged.
    pub async fn load(shelf: &Shelf, manifest: &Manifest) -> Result<Self, TreeError> {
        let mut table = Self::default();
        for part in &manifest.table {
            let body = shelf.part(part).await?;
            let mut lines = Reader::new(body, &part.key)?;
            while let Some(line) = lines.next_line()? {
                let (number, pack) = read_pack(line)?;
                table.set(number, &pack)?;
            }
        }
        Ok(table)
    }

    /// # Errors
    /// When the number is taken or larger than any that bdr gives.
    pub fn set(&mut self, number: u32, pack: &PackRef) -> Result<(), FormatError> {
        let damaged = |why: &str| FormatError::damaged("the table of packs", format!("pack {number} {why}"));
        let at = number as usize;
        if number > LARGEST {
            return Err(damaged("has a number that bdr does not give"));
        }
        if self.slots.len() <= at {
            self.slots.resize(at + 1, None);
        }
        let place = *self.by_place.entry(pack.place.clone()).or_insert_with(|| {
            self.places.push(pack.place.clone());
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        });
        let slot = Slot { place, sha256: pack.sha256, size: pack.size };
        match self.slots.get_mut(at) {
            Some(free @ None) => *free = Some(slot),
            _ => return Err(damaged("is there twice")),
        }
        Ok(())
    }

    pub fn get(&self, number: u32) -> Option<PackRef> {
        let slot = (*self.slots.get(number as usize)?)?;
        Some(PackRef { place: self.places.get(slot.place as usize)?.clone(), sha256: slot.sha256, size: slot.size })
    }

    /// The first number that is free, with all after it.
    pub fn next_number(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, PackRef)> {
        (0..self.next_number()).filter_map(|number| Some((number, self.get(number)?)))
    }
}
