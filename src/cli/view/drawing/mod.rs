//! Drawings of what waits for what: one model, and a file for each language that it is drawn in.

mod dot;
mod layout;
mod mermaid;
mod svg;

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Subject;
use crate::diag::shown;
use crate::graph::Graph;
use crate::resource::Desired;
use crate::units::count::counted;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

/// Boxes above which a drawing tells owners instead of resources, and above that kinds of owners: nobody reads more, and GitHub
/// draws no Mermaid of more than 500 arrows.
pub const MOST: usize = 150;

/// What is drawn. Arrows never form a ring.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawing {
    pub title: String,
    /// In order; boxes of one owner follow each other.
    pub boxes: Vec<Box>,
    pub arrows: BTreeSet<Arrow>,
    /// What stands for what, where resources are drawn together.
    pub note: Option<String>,
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Box {
    pub owner: String,
    pub text: String,
}

/// By the boxes' places in their list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    /// What comes first.
    pub from: usize,
    pub to: usize,
    /// Parts of `from` wait for parts of `to`, too.
    pub both: bool,
}

impl Drawing {
    /// What the policy wants; drawn together where there are more than `most` boxes.
    pub fn of(title: &str, desired: &Desired, most: usize) -> Self {
        let title = shown(title);
        let drawing = Self { title: title.clone(), ..resources(desired) };
        if drawing.boxes.len() <= most {
            return drawing;
        }
        let owners = drawing.by_owner();
        let number = counted(drawing.boxes.len(), "resource");
        if owners.boxes.len() <= most {
            return Self { note: Some(format!("{number}, drawn by store and component")), ..owners };
        }
        let told = counted(owners.boxes.len(), "store and component").replace("store and", "stores and");
        Self { note: Some(format!("{number} of {told}")), ..owners.by_sort() }
    }

    /// One box for each owner, in a lane of its sort.
    fn by_owner(&self) -> Self {
        let name = |one: &Box| {
            let named = one.owner.split_once(' ').map(|(sort, name)| (format!("{sort}s"), name.to_owned()));
            named.unwrap_or_else(|| (one.owner.clone(), one.owner.clone()))
        };
        self.together(name, |name, number| format!("{name}: {}", counted(number, "part")))
    }

    /// One box for each sort of owner.
    fn by_sort(&self) -> Self {
        self.together(|one| (String::new(), one.owner.clone()), |sort, number| counted(number, sort.trim_end_matches('s')))
    }

    /// Boxes of one name in one, which tells how many they are.
    fn together(&self, name: impl Fn(&Box) -> (String, String), told: impl Fn(&str, usize) -> String) -> Self {
        let names: Vec<(String, String)> = self.boxes.iter().map(&name).collect();
        let mut counts: BTreeMap<&(String, String), usize> = BTreeMap::new();
        names.iter().for_each(|name| *counts.entry(name).or_default() += 1);
        let places: BTreeMap<&(String, String), usize> = counts.keys().enumerate().map(|(at, name)| (*name, at)).collect();
        let boxes =
            counts.iter().map(|((owner, name), number)| Box { owner: owner.clone(), text: told(name, *number) }).collect();
        let place = |at: usize| places[&names[at]];
        let mut between: BTreeMap<(usize, usize), bool> = BTreeMap::new();
        for arrow in &self.arrows {
            let (from, to) = (place(arrow.from), place(arrow.to));
            if from != to {
                between.insert((from, to), arrow.both);
            }
        }
        Self { title: self.title.clone(), boxes, arrows: without_rings(between), note: None }
    }
}

/// Boxes drawn together may wait for each other, as two stores do that replicate both ways: then one arrow says that it leads both
/// ways. Of a longer ring the arrow that closes it is left out, and the one that it begins with says so.
fn without_rings(between: BTreeMap<(usize, usize), bool>) -> BTreeSet<Arrow> {
    let mut arrows: BTreeMap<(usize, usize), bool> = BTreeMap::new();
    for ((from, to), both) in between {
        match arrows.get_mut(&(to, from)) {
            Some(other) => *other = true,
            None => _ = arrows.insert((from, to), both),
        }
    }
    loop {
        let mut graph = Graph::new();
        arrows.keys().for_each(|(from, to)| graph.wait(*to, *from));
        let Err(ring) = graph.order() else { break };
        let [waiting, next, .., last, _] = ring.path.as_slice() else { break };
        arrows.remove(&(*next, *waiting));
        arrows.entry((*waiting, *last)).and_modify(|both| *both = true);
    }
    arrows.into_iter().map(|((from, to), both)| Arrow { from, to, both }).collect()
}

/// Every resource, those of one owner together.
fn resources(desired: &Desired) -> Drawing {
    let mut places = BTreeMap::new();
    let mut boxes = Vec::new();
    for resource in desired.iter() {
        places.insert(&resource.id, boxes.len());
        let key = if resource.id.key.is_empty() { String::new() } else { format!(" {}", resource.id.key) };
        boxes.push(Box { owner: owner(&resource.id.subject), text: shown(format!("{}{key}", resource.id.kind)) });
    }
    let waits = desired.iter().flat_map(|resource| resource.after.iter().map(move |first| (first, &resource.id)));
    let arrows = waits.filter_map(|(first, id)| Some(Arrow { from: *places.get(first)?, to: *places.get(id)?, both: false }));
    Drawing { arrows: arrows.collect(), boxes, ..Drawing::default() }
}

fn owner(subject: &Subject) -> String {
    match subject {
        Subject::Policy => "policy".to_owned(),
        Subject::Store(name) => format!("store {name}"),
        Subject::Component(name) => format!("component {name}"),
    }
}

/// Owners in order, each with the places of its boxes.
fn by_owner(boxes: &[Box]) -> Vec<(&str, Vec<usize>)> {
    let mut owners: Vec<(&str, Vec<usize>)> = Vec::new();
    for (at, one) in boxes.iter().enumerate() {
        match owners.last_mut() {
            Some((owner, places)) if *owner == one.owner => places.push(at),
            _ => owners.push((&one.owner, vec![at])),
        }
    }
    owners
}

#[cfg(test)]
mod tests;
