//! Components: what is to be recovered, and its objectives.

use std::collections::BTreeMap;

use super::protection::Fits;
use super::{Run, merge::Table};
use crate::address::{ComponentName, StoreName};
use crate::conninfo::Conninfo;
use crate::diag::{Diagnostic, Span, Spanned};
use crate::policy::document::{
    ComponentDocument, FilesDocument, Named, ObjectStorageDocument, ObjectiveDocument, ObjectivesDocument, PostgresqlDocument,
    ProtectionDocument, S3Document, ServerSettingsDocument, VersioningWord,
};
use crate::policy::read::Field;
use crate::policy::{
    Component, ComponentKind, Disruption, Files, ObjectStorage, Objective, Objectives, Postgresql, Protection, codes, echo,
    server_setting,
};

/// Whether a protection is of a log, or may be meant to: what of it is broken was told.
fn archives_log(protect: &Field<Named<ProtectionDocument>>) -> bool {
    let is_log = |protection: &Field<ProtectionDocument>| match protection {
        Field::Absent => false,
        Field::Broken(_) => true,
        Field::Given(protection) => !protection.value.wal_archive.is_absent(),
    };
    match protect {
        Field::Absent => false,
        Field::Broken(_) => true,
        Field::Given(protect) => protect.value.0.iter().any(|(_, protection)| is_log(protection)),
    }
}

impl Run<'_> {
    pub(super) fn components(
        &mut self,
        components: Table<ComponentName, Box<ComponentDocument>>,
        stores: &BTreeMap<StoreName, Option<Span>>,
        policy: &str,
    ) -> BTreeMap<ComponentName, Component> {
        let mut resolved = BTreeMap::new();
        for (name, (written, document)) in components {
            let Field::Given(document) = document else { continue };
            if let Some(component) = self.component(written, document, stores, policy) {
                resolved.insert(name, component);
            }
        }
        resolved
    }

    fn component(
        &mut self,
        name: Spanned<ComponentName>,
        document: Spanned<Box<ComponentDocument>>,
        stores: &BTreeMap<StoreName, Option<Span>>,
        policy: &str,
    ) -> Option<Component> {
        let span = document.span;
        let fits = self.one_kind(&document, &name);
        let ComponentDocument { moved, files, object_storage, postgresql, objectives, protect, retain, .. } = *document.value;
        let archives = archives_log(&protect);
        let moved: Option<Spanned<ComponentName>> = self.moved(moved);
        let objectives = self.objectives(objectives);
        let mut protections = self.protections(protect, (&name.value, fits), stores);
        for (protection, Protection { schedule, .. }) in &mut protections {
            // Schedules that name no minute get one that stays the same for the same job, so that not all fire at once.
            let name = moved.as_ref().unwrap_or(&name);
            *schedule =
                schedule.take().map(|at| at.map(|at| at.spread(&format!("{policy}/{name}/{protection}", name = name.value))));
        }
        let (retain, log_window) = self.tiers(retain, archives);
        let kind = match fits {
            Fits::Files => ComponentKind::Files(self.files(files)?),
            Fits::Bucket => {
                let bucket = object_storage.given()?.map(|bucket| *bucket);
                ComponentKind::ObjectStorage(Box::new(self.object_storage(bucket)?))
            }
            Fits::Database => ComponentKind::Postgresql(self.postgresql(postgresql)?),
        };
        Some(Component { name, moved, kind, objectives, protections, retain, log_window, span })
    }

    /// What a component is, by the key that says so: the first, where there are several.
    fn one_kind(&mut self, document: &Spanned<Box<ComponentDocument>>, name: &Spanned<ComponentName>) -> Fits {
        let ComponentDocument { files, object_storage, postgresql, inherits, .. } = &*document.value;
        let kinds = [
            ("files", files.is_absent(), files.span(), Fits::Files),
            ("object_storage", object_storage.is_absent(), object_storage.span(), Fits::Bucket),
            ("postgresql", postgresql.is_absent(), postgresql.span(), Fits::Database),
        ];
        let mut given = kinds.into_iter().filter(|(_, absent, ..)| !absent);
        let Some((first, _, first_at, fits)) = given.next() else {
            let what = format!("the component {} does not say what it is", echo::quote(name.as_str()));
            if !inherits.is_broken() && !self.has_unknown(document.span) {
                self.missing(&what, name.span, "Write `files: { paths: [/srv/data] }` below it.");
            }
            return Fits::Files;
        };
        for (other, _, at, _) in given {
            self.out.push(
                Diagnostic::error(codes::ONE_OF, format!("`{first}` and `{other}` exclude each other"))
                    .at(at, "given here")
                    .at(first_at, "and here")
                    .help("Make two components of it."),
            );
        }
        fits
    }

    fn postgresql(&mut self, document: Field<Box<PostgresqlDocument>>) -> Option<Postgresql> {
        let PostgresqlDocument { url, settings } = *document.given()?.value;
        let text = self.text(&url);
        if let Some(text) = text.as_ref().filter(|text| text.value.is_known())
            && let Err(fault) = Conninfo::parse(text.value.expose()).and_then(|conninfo| conninfo.settings())
        {
            self.out.push(Diagnostic::error(codes::CONNINFO, fault.what).at(text.span, "this value").help(fault.help));
            return None;
        }
        // What has no value or is broken was told.
        if text.is_none() && !url.is_absent() {
            return None;
        }
        let settings = settings.given().map(|settings| self.server_settings(&settings.value)).unwrap_or_default();
        Some(Postgresql { url: text, settings })
    }

    fn server_settings(&mut self, document: &ServerSettingsDocument) -> BTreeMap<&'static str, Spanned<String>> {
        let mut settings = BTreeMap::new();
        for (name, field) in document.given() {
            let (Some(setting), Some(written)) = (server_setting::find(name), self.plain(field)) else { continue };
            match setting.canonical(&written.value) {
                Ok(value) => _ = settings.insert(name, written.map(|_| value)),
                Err(why) => {
                    let help = "Write it as postgresql.conf has it; PostgreSQL's manual lists units under \"Parameter Names and Values\".";
                    self.bad(
                        codes::SERVER_SETTING,
                        written.as_ref().map(String::as_str),
                        format!("is no value of `{name}`: {why}"),
                        help,
                    );
                }
            }
        }
        settings
    }

    fn object_storage(&mut self, document: Spanned<ObjectStorageDocument>) -> Option<ObjectStorage> {
        let ObjectStorageDocument { bucket, region, endpoint, path_style, prefix, account, versioning } = document.value;
        let place = S3Document { bucket, region, endpoint, path_style, prefix, account };
        let backend = self.s3(Spanned { value: place, span: document.span })?;
        let manages_versions = versioning.as_ref().is_some_and(|word| word.value == VersioningWord::Managed);
        Some(ObjectStorage { backend, manages_versions, keeps_versions: true, versioning: versioning.span() })
    }

    fn files(&mut self, files: Field<FilesDocument>) -> Option<Files> {
        let Spanned { value: FilesDocument { paths, include, exclude, one_file_system }, span } = files.given()?;
        let list = paths.as_ref().map(|list| list.value.as_slice()).unwrap_or_default();
        if paths.is_absent() {
            self.missing_in("`paths` is missing", span, "Write the folders and files to copy: paths: [/srv/data].");
        } else if list.is_empty() && !paths.is_broken() {
            self.out.push(
                Diagnostic::error(codes::MISSING, "no path is given")
                    .at(paths.span(), "an empty list")
                    .help("Write the folders and files to copy, such as [/srv/data]."),
            );
        }
        let given: Vec<_> = list.iter().filter_map(|path| self.path(path)).collect();
        self.twice_listed(given.iter().map(|path| (path.value.shown.as_str(), path.span)), "path");
        let (include, exclude) = (self.globs(&include), self.globs(&exclude));
        if given.is_empty() {
            return None;
        }
        let one_file_system = one_file_system.given().is_some_and(|value| value.value);
        Some(Files { paths: given, include, exclude, one_file_system })
    }

    /// Reports what a list names more than once.
    pub(super) fn twice_listed<'t>(&mut self, items: impl Iterator<Item = (&'t str, Option<Span>)>, what: &str) {
        let mut seen: BTreeMap<&str, Option<Span>> = BTreeMap::new();
        for (item, span) in items {
            if let Some(first) = seen.insert(item, span) {
                self.out.push(
                    Diagnostic::error(codes::TWICE, format!("the {what} {} is listed twice", echo::quote(item)))
                        .at(span, "listed again")
                        .at(first, "listed here first")
                        .help("Remove one of the two."),
                );
            }
        }
    }

    fn objectives(&mut self, objectives: Field<ObjectivesDocument>) -> Objectives {
        let Some(Spanned { value: document, span }) = objectives.given() else { return Objectives::default() };
        let ObjectivesDocument { rpo, rto, process, host, corruption, region, account } = document;
        let by_disruption = [
            (Disruption::Process, process),
            (Disruption::Host, host),
            (Disruption::Corruption, corruption),
            (Disruption::Region, region),
            (Disruption::Account, account),
        ];
        let stated = by_disruption.iter().any(|(_, field)| !field.is_absent());
        let general = self.objective(ObjectiveDocument { rpo, rto }, span.filter(|_| !stated));
        let by_disruption = by_disruption
            .into_iter()
            .filter_map(|(disruption, field)| field.given().map(|stated| (disruption, stated)))
            .map(|(disruption, stated)| (disruption, self.objective(*stated.value, stated.span)))
            .collect();
        Objectives { general, by_disruption }
    }

    fn objective(&mut self, document: ObjectiveDocument, span: Option<Span>) -> Objective {
        let ObjectiveDocument { rpo, rto } = document;
        if rpo.is_absent() && rto.is_absent() && span.is_some() {
            self.missing_in("an objective that states nothing", span, "Write `rpo:` or `rto:`, or remove it.");
        }
        Objective { rpo: self.duration(&rpo), rto: self.duration(&rto) }
    }
}
