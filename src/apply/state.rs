//! Where each action of a run stands: what may begin, what waits, and what can no longer come about.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{ResourceId, Subject};
use crate::apply::step::Apart;
use crate::journal::Outcome;
use crate::plan::{Plan, is_removal};
use crate::resource::{Action, ActionId, Change, Desired, Op, Work};

/// The only place that knows how far a run is; changed only by the loop.
pub struct State<'a> {
    actions: &'a [Action],
    index: BTreeMap<&'a ActionId, usize>,
    /// How many of the actions that it waits for are not over.
    waiting: Vec<usize>,
    dependants: Vec<Vec<usize>>,
    over: Vec<bool>,
    /// May begin: waits for nothing, and has its queue for itself.
    ready: BTreeSet<usize>,
    /// Wait for nothing but their queue.
    queued: BTreeMap<&'a str, BTreeSet<usize>>,
    busy: BTreeSet<&'a str>,
    /// Removals that wait for nothing but all the rest.
    last: BTreeSet<usize>,
    rest: usize,
    /// What went wrong first for each subject: its removals then don't happen.
    spoilt: BTreeMap<Subject, ActionId>,
    /// Actions whose resources stand in something that this plan creates.
    born: Vec<bool>,
    desired: &'a Desired,
    /// What did not come about of actions of which the rest did, each with its action: it holds up what needs it, and nothing else.
    missed: BTreeMap<ResourceId, &'a ActionId>,
}

impl<'a> State<'a> {
    pub fn new(plan: &'a Plan, desired: &'a Desired) -> Self {
        let actions = plan.actions.as_slice();
        let index: BTreeMap<&ActionId, usize> = actions.iter().enumerate().map(|(at, action)| (&action.id, at)).collect();
        let mut state = Self {
            actions,
            waiting: vec![0; actions.len()],
            dependants: vec![Vec::new(); actions.len()],
            over: vec![false; actions.len()],
            ready: BTreeSet::new(),
            queued: BTreeMap::new(),
            busy: BTreeSet::new(),
            last: BTreeSet::new(),
            rest: actions.iter().filter(|action| !is_removal(action)).count(),
            spoilt: BTreeMap::new(),
            born: vec![false; actions.len()],
            desired,
            missed: BTreeMap::new(),
            index,
        };
        for (at, action) in actions.iter().enumerate() {
            // The plan's order puts what an action waits for before it.
            for first in action.after.iter().filter_map(|id| state.index.get(id).copied()) {
                state.waiting[at] += 1;
                state.dependants[first].push(at);
                state.born[at] |= state.born[first] || creates(&actions[first]);
            }
        }
        for at in 0..actions.len() {
            if state.waiting[at] == 0 {
                state.admit(at);
            }
        }
        state
    }

    pub fn action(&self, at: usize) -> &'a Action {
        &self.actions[at]
    }

    /// Whether what the action is about stands in something that this plan creates.
    pub fn is_born(&self, at: usize) -> bool {
        self.born[at]
    }

    /// The first action that may begin and that `may` lets; it holds its queue until [`State::free`].
    pub fn next(&mut self, may: impl Fn(&Action) -> bool) -> Option<usize> {
        let at = self.ready.iter().copied().find(|at| may(&self.actions[*at]))?;
        self.ready.remove(&at);
        Some(at)
    }

    /// Everything that waits for nothing: enters its queue, or may begin.
    fn admit(&mut self, at: usize) {
        if is_removal(&self.actions[at]) && self.rest > 0 {
            self.last.insert(at);
            return;
        }
        match self.actions[at].queue.as_deref() {
            Some(queue) if !self.busy.insert(queue) => _ = self.queued.entry(queue).or_default().insert(at),
            _ => _ = self.ready.insert(at),
        }
    }

    /// The action writes no more: the next one of its queue may begin.
    pub fn free(&mut self, at: usize) {
        let Some(queue) = self.actions[at].queue.as_deref() else { return };
        match self.queued.get_mut(queue).and_then(BTreeSet::pop_first) {
            Some(next) => _ = self.ready.insert(next),
            None => _ = self.busy.remove(queue),
        }
    }

    /// The action is over. Returns it and everything that can therefore not come about, each with its outcome.
    pub fn end(&mut self, at: usize, outcome: Outcome) -> Vec<(&'a ActionId, Outcome)> {
        let mut ended = Vec::new();
        let mut left = vec![(at, outcome)];
        while let Some((at, outcome)) = left.pop() {
            if std::mem::replace(&mut self.over[at], true) {
                continue;
            }
            let action = &self.actions[at];
            if let Outcome::Apart { of } = &outcome {
                let missed = of.iter().filter(|(_, outcome)| !outcome.lets_others_begin());
                for (id, _) in missed {
                    self.spoilt.entry(id.subject.clone()).or_insert_with(|| action.id.clone());
                    self.missed.insert(id.clone(), &action.id);
                }
            }
            if outcome.lets_others_begin() || matches!(outcome, Outcome::Apart { .. }) {
                left.extend(self.released_by(at));
            } else {
                let skipped = |later: &usize| (*later, Outcome::Skipped { because: action.id.clone() });
                left.extend(self.dependants[at].iter().filter(|later| !self.over[**later]).map(skipped));
                self.spoilt.entry(Plan::subject(action)).or_insert_with(|| action.id.clone());
            }
            ended.push((&action.id, outcome));
            if !is_removal(action) {
                self.rest -= 1;
                if self.rest == 0 {
                    left.extend(self.begin_removals());
                }
            }
        }
        ended
    }

    /// Lets begin what waits for nothing more, once an action came about; returns what can't, since all of it needs what was missed.
    fn released_by(&mut self, at: usize) -> Vec<(usize, Outcome)> {
        let mut skipped = Vec::new();
        for later in self.dependants[at].clone() {
            self.waiting[later] -= 1;
            if self.waiting[later] > 0 || self.over[later] {
                continue;
            }
            match self.held_whole(later) {
                Some(because) => skipped.push((later, Outcome::Skipped { because })),
                None => self.admit(later),
            }
        }
        skipped
    }

    /// What of an action needs something that did not come about, though the rest of what the action waits for did.
    pub fn held(&self, at: usize) -> Apart {
        let Work::Change { changes } = &self.actions[at].work else { return Apart::new() };
        let held = |change: &Change| Some((change.id.clone(), Outcome::Skipped { because: self.holds_up(at, change)? }));
        changes.iter().filter_map(held).collect()
    }

    /// Where that is all of it: the action that it did not come about of.
    fn held_whole(&self, at: usize) -> Option<ActionId> {
        if self.missed.is_empty() {
            return None;
        }
        match &self.actions[at].work {
            Work::Change { changes } => {
                let held: Vec<ActionId> = changes.iter().map_while(|change| self.holds_up(at, change)).collect();
                (held.len() == changes.len()).then(|| held.into_iter().next()).flatten()
            }
            // A backup is made once all of its stores is in place.
            Work::Run { .. } => self.missed_of(at).next().cloned(),
        }
    }

    fn holds_up(&self, at: usize, change: &Change) -> Option<ActionId> {
        if self.missed.is_empty() {
            return None;
        }
        // What is to go waits for those that use it, of which it does not tell itself.
        if matches!(change.op, Op::Delete | Op::Release) {
            return self.missed_of(at).next().cloned();
        }
        let (mut left, mut reached) = (vec![&change.id], BTreeSet::new());
        while let Some(id) = left.pop() {
            if let Some(because) = self.missed.get(id) {
                return Some((*because).clone());
            }
            let needs = self.desired.get(id).into_iter().flat_map(|resource| &resource.after);
            left.extend(needs.filter(|first| reached.insert(*first)));
        }
        None
    }

    /// The actions that one waits for and of which something was missed.
    fn missed_of(&self, at: usize) -> impl Iterator<Item = &ActionId> {
        let after = &self.actions[at].after;
        self.missed.values().copied().filter(move |action| after.contains(*action))
    }

    /// Lets the removals begin, but for those of a subject that something went wrong for: what it has is better than nothing.
    fn begin_removals(&mut self) -> Vec<(usize, Outcome)> {
        let mut skipped = Vec::new();
        for at in std::mem::take(&mut self.last) {
            match self.spoilt.get(&Plan::subject(&self.actions[at])) {
                Some(because) => skipped.push((at, Outcome::Skipped { because: because.clone() })),
                None => self.admit(at),
            }
        }
        skipped
    }

    /// What is not over, in the plan's order.
    pub fn left(&self) -> Vec<usize> {
        (0..self.actions.len()).filter(|at| !self.over[*at]).collect()
    }
}

fn creates(action: &Action) -> bool {
    matches!(&action.work, Work::Change { changes } if changes.iter().any(|change| change.op == Op::Create))
}
