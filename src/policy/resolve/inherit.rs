//! Inheritance: a component's missing values come, key by key, from a service class or another component.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::Table;
use crate::address::ComponentName;
use crate::diag::{Diagnostic, Diagnostics, Sources, Span, Spanned};
use crate::policy::class;
use crate::policy::document::{
    BaseBackupDocument, ComponentDocument, FileBackupDocument, LogicalDumpDocument, Named, ObjectiveDocument, ObjectivesDocument,
    ProtectionDocument, TierDocument, WalArchiveDocument,
};
use crate::policy::read::Field;
use crate::policy::{LogWindow, codes, echo};

/// What can be inherited.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heritage {
    pub objectives: Field<ObjectivesDocument>,
    pub protect: Field<Named<ProtectionDocument>>,
    pub retain: Field<Named<TierDocument>>,
}

impl Heritage {
    fn entries(&self) -> usize {
        let protections = self.protect.as_ref().map_or(0, |protect| protect.value.0.len());
        protections + self.retain.as_ref().map_or(0, |retain| retain.value.0.len())
    }
}

/// Most protections and tiers that all components together may inherit: a short text must not stand for millions of them.
const INHERITED: usize = 100_000;

/// Where a name of `inherits` leads.
enum Parent {
    Component(ComponentName),
    Class(&'static str),
}

/// Gives every component what it inherits.
pub(super) fn inherit(
    components: &mut Table<ComponentName, Box<ComponentDocument>>,
    sources: &mut Sources,
    torn: bool,
    out: &mut Diagnostics,
) {
    let mut parents: BTreeMap<ComponentName, Parent> = BTreeMap::new();
    for (name, (_, document)) in components.iter() {
        let Some(inherits) = document.as_ref().and_then(|document| document.inherits.as_ref()) else { continue };
        match parent(name, &inherits.value.0, components) {
            Some(parent) => {
                parents.insert(name.clone(), parent);
            }
            None if torn => {}
            None => out.push(unknown(name, &inherits.value.0, inherits.span, components)),
        }
    }
    if parents.is_empty() {
        return;
    }
    for member in break_circles(&mut parents, components, out) {
        // What it lacks may be what it was to inherit: the circle was told, and nothing that follows from it.
        if let Some((_, Field::Given(document))) = components.get_mut(&member)
            && let Some(span) = document.value.inherits.span()
        {
            document.value.inherits = Field::Broken(span);
        }
    }
    let mut classes: BTreeMap<&'static str, Heritage> = BTreeMap::new();
    let mut done: BTreeSet<ComponentName> = BTreeSet::new();
    let names: Vec<ComponentName> = parents.keys().cloned().collect();
    let mut inherited = 0;
    for name in names {
        // From the farthest ancestor down, so that each is complete before anybody inherits from it.
        let mut line = vec![name];
        while let Some(Parent::Component(next)) = line.last().and_then(|last| parents.get(last)) {
            if done.contains(next) {
                break;
            }
            line.push(next.clone());
        }
        while let Some(name) = line.pop() {
            if !done.insert(name.clone()) {
                continue;
            }
            let heritage = match parents.get(&name) {
                None => continue,
                Some(Parent::Class(class)) => {
                    classes.entry(class).or_insert_with(|| class::heritage(class, sources, out)).clone()
                }
                Some(Parent::Component(parent)) => of_component(components, parent),
            };
            inherited += heritage.entries();
            if inherited > INHERITED {
                out.push(too_much(components.get(&name).and_then(|(written, _)| written.span)));
                return;
            }
            if let Some((_, Field::Given(document))) = components.get_mut(&name) {
                take(&mut document.value, heritage);
            }
        }
    }
}

fn unknown(
    name: &ComponentName,
    written: &str,
    at: Option<Span>,
    components: &Table<ComponentName, Box<ComponentDocument>>,
) -> Diagnostic {
    let classes: Vec<&str> = class::names().collect();
    let all = classes.into_iter().chain(components.keys().map(ComponentName::as_str));
    let known: Vec<&str> = all.filter(|known| *known != name.as_str()).collect();
    let finding = Diagnostic::error(codes::NO_CLASS, format!("nothing is called {} to inherit from", echo::quote(written)));
    Diagnostic {
        help: echo::suggest(written, known.iter().copied()),
        ..finding.at(at, "neither a service class nor a component")
    }
}

fn too_much(at: Option<Span>) -> Diagnostic {
    Diagnostic::error(codes::TOO_LARGE, format!("components inherit more than {INHERITED} protections and tiers"))
        .at(at, "one component too many")
        .help("Let fewer components inherit, or from one that states less.")
}

fn parent(name: &ComponentName, written: &str, components: &Table<ComponentName, Box<ComponentDocument>>) -> Option<Parent> {
    // A component that is called as a class means the class, not itself.
    let other = ComponentName::new(written).ok().filter(|other| components.contains_key(other));
    let class = class::names().find(|class| *class == written);
    match (other, class) {
        (Some(other), Some(class)) if other == *name => Some(Parent::Class(class)),
        (Some(other), _) => Some(Parent::Component(other)),
        (None, class) => class.map(Parent::Class),
    }
}

/// Reports each circle once, with all its places, and cuts it. Returns who is in one.
fn break_circles(
    parents: &mut BTreeMap<ComponentName, Parent>,
    components: &Table<ComponentName, Box<ComponentDocument>>,
    out: &mut Diagnostics,
) -> BTreeSet<ComponentName> {
    let mut clear: BTreeSet<ComponentName> = BTreeSet::new();
    let mut circular_ones: BTreeSet<ComponentName> = BTreeSet::new();
    let names: Vec<ComponentName> = parents.keys().cloned().collect();
    for name in names {
        let mut line: Vec<ComponentName> = Vec::new();
        let mut on_line: BTreeSet<ComponentName> = BTreeSet::new();
        let mut next = Some(name);
        while let Some(name) = next.take() {
            if clear.contains(&name) {
                break;
            }
            if !on_line.insert(name.clone()) {
                let circle: Vec<&ComponentName> = line.iter().skip_while(|member| **member != name).collect();
                out.push(circular(&circle, components));
                circular_ones.extend(circle.into_iter().cloned());
                parents.remove(&name);
                break;
            }
            line.push(name.clone());
            if let Some(Parent::Component(parent)) = parents.get(&name) {
                next = Some(parent.clone());
            }
        }
        clear.extend(line);
    }
    circular_ones
}

fn circular(circle: &[&ComponentName], components: &Table<ComponentName, Box<ComponentDocument>>) -> Diagnostic {
    let names: Vec<String> = circle.iter().chain(circle.first()).map(|name| format!("`{name}`")).collect();
    let mut finding =
        Diagnostic::error(codes::CIRCLE, format!("components inherit from each other in a circle: {}", names.join(" → ")));
    for name in circle.iter().take(8) {
        let span =
            components.get(*name).and_then(|(_, document)| document.as_ref()).and_then(|document| document.inherits.span());
        finding = finding.at(span, format!("`{name}` inherits here"));
    }
    finding.help("Remove one of these `inherits`.")
}

fn of_component(components: &Table<ComponentName, Box<ComponentDocument>>, name: &ComponentName) -> Heritage {
    let Some(document) = components.get(name).and_then(|(_, document)| document.as_ref()) else { return Heritage::default() };
    Heritage { objectives: document.objectives.clone(), protect: document.protect.clone(), retain: document.retain.clone() }
}

fn take(document: &mut ComponentDocument, mut heritage: Heritage) {
    if let Field::Given(protect) = &mut heritage.protect {
        let own = document.protect.as_ref().map(|own| own.value.0.iter().map(|(name, _)| name.value.as_str()).collect());
        without_unfit(&mut protect.value, document, &own.unwrap_or_default());
    }
    document.objectives = std::mem::take(&mut document.objectives).over(heritage.objectives);
    document.protect = std::mem::take(&mut document.protect).over(heritage.protect);
    if let Field::Given(retain) = &mut heritage.retain
        && document.postgresql.is_absent()
    {
        retain.value.0.retain(|(name, _)| name.value.as_str() != LogWindow::NAME);
    }
    document.retain = std::mem::take(&mut document.retain).over(heritage.retain);
}

/// A method that does not fit what the component is, is not inherited; a protection that has no other neither, but for one of `own`,
/// which states its own.
fn without_unfit(protect: &mut Named<ProtectionDocument>, document: &ComponentDocument, own: &BTreeSet<&str>) {
    let is = (!document.files.is_absent(), !document.object_storage.is_absent(), !document.postgresql.is_absent());
    // What says nothing of what it is, or two things, is told for that.
    let (files, bucket, database) = match is {
        (true, false, false) | (false, true, false) | (false, false, true) => is,
        _ => return,
    };
    protect.0.retain_mut(|(name, protection)| {
        let Field::Given(protection) = protection else { return true };
        let had = has_method(&protection.value);
        let ProtectionDocument { file_backup, logical_dump, base_backup, wal_archive, replication, .. } = &mut protection.value;
        clear(file_backup, !files);
        clear(logical_dump, !database);
        clear(base_backup, !database);
        clear(wal_archive, !database);
        clear(replication, !bucket);
        has_method(&protection.value) || !had || own.contains(name.value.as_str())
    });
}

fn has_method(protection: &ProtectionDocument) -> bool {
    let ProtectionDocument { file_backup, logical_dump, base_backup, wal_archive, replication, .. } = protection;
    let of_databases = [logical_dump.is_absent(), base_backup.is_absent(), wal_archive.is_absent()];
    of_databases.contains(&false) || !file_backup.is_absent() || !replication.is_absent()
}

fn clear<T>(field: &mut Field<T>, unfit: bool) {
    if unfit {
        *field = Field::Absent;
    }
}

/// Lays a value over the one it inherits.
pub(super) trait Over: Sized {
    fn over(self, base: Self) -> Self;
}

impl<T: Over> Over for Field<T> {
    fn over(self, base: Self) -> Self {
        match (self, base) {
            (Field::Absent, base) => base,
            (Field::Given(own), Field::Given(base)) => {
                Field::Given(Spanned { value: own.value.over(base.value), span: own.span })
            }
            (own, _) => own,
        }
    }
}

impl<T: Over> Over for Box<T> {
    fn over(self, base: Self) -> Self {
        Box::new((*self).over(*base))
    }
}

impl<T: Over> Over for Named<T> {
    fn over(self, base: Self) -> Self {
        let mut merged = self;
        for (name, value) in base.0 {
            match merged.0.iter_mut().find(|(own, _)| own.value == name.value) {
                Some((_, own)) => *own = std::mem::take(own).over(value),
                None => merged.0.push((name, value)),
            }
        }
        merged
    }
}

macro_rules! key_by_key {
    ($type:ident { $($part:ident)* } $($leaf:ident)*) => {
        impl Over for $type {
            fn over(self, base: Self) -> Self {
                Self { $($part: self.$part.over(base.$part),)* $($leaf: self.$leaf.or(base.$leaf),)* }
            }
        }
    };
}

key_by_key!(ObjectivesDocument { process host corruption region account } rpo rto);
key_by_key!(ObjectiveDocument {} rpo rto);
key_by_key!(FileBackupDocument {} full compression);
key_by_key!(LogicalDumpDocument {} full compression);
key_by_key!(BaseBackupDocument {} full compression);
key_by_key!(WalArchiveDocument {} max_interval);
key_by_key!(TierDocument {} every keep class);

impl Over for ProtectionDocument {
    fn over(self, base: Self) -> Self {
        // `store` and `stores` are two spellings of one value.
        let own_stores = !self.store.is_absent() || !self.stores.is_absent();
        let (store, stores) = if own_stores { (self.store, self.stores) } else { (base.store, base.stores) };
        // A method of one's own is instead of another one for the same thing.
        let mut base = Self { store: Field::Absent, stores: Field::Absent, ..base };
        clear(&mut base.logical_dump, !self.base_backup.is_absent());
        clear(&mut base.base_backup, !self.logical_dump.is_absent());
        Self {
            file_backup: self.file_backup.over(base.file_backup),
            logical_dump: self.logical_dump.over(base.logical_dump),
            base_backup: self.base_backup.over(base.base_backup),
            wal_archive: self.wal_archive.over(base.wal_archive),
            replication: self.replication.or(base.replication),
            schedule: self.schedule.or(base.schedule),
            store,
            stores,
        }
    }
}
