//! What `plan`, `apply`, `drift` and `destroy` share: the policy, what it compiles to, and the live system as it was read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::address::{ComponentName, StoreName, Subject};
use crate::apply::{self, Sessions};
use crate::assess::{self, Facts};
use crate::cli::holdings::{self, Holdings};
use crate::cli::load::{self, LoadedPolicy, References};
use crate::cli::{
    Context, Exit, Failure, LogLevel, codes, forgotten, gone, past, policy_files, room, standing, uncopied, working,
};
use crate::compile::{self, Compiled};
use crate::diag;
use crate::journal;
use crate::lint::at_plan::{self, Copies, PlanContext};
use crate::lint::{self, Baseline};
use crate::plan::promises::{self, Unknown};
use crate::plan::{self, Finding, FirstBackup, Input, Intent, Known, Note, ObjectiveRow, Plan, Scope, Unread, reconcile};
use crate::policy::{Component, Pack, Policy};
use crate::provider::Env;
use crate::providers::schedule::{self, Schedules};
use crate::providers::{self, folder, iam, postgres};
use crate::resource::{Desired, Live};
use crate::store::ErrorKind;
use crate::stores::s3;

/// A policy with open sessions.
pub struct Opened {
    pub loaded: LoadedPolicy,
    pub env: Arc<Env>,
    pub compiled: Compiled,
    pub sessions: Sessions,
    /// Where the policy's schedules are written and its folders stand, now and by earlier applies.
    pub places: BTreeSet<String>,
    pub past: past::Past,
    /// What is told of stores in which the past could not be looked up.
    unlooked: Vec<Note>,
    /// Stores of which a new folder is meant, though something says that they stood.
    new_folders: BTreeSet<StoreName>,
    /// Findings that are known and not told.
    baseline: Option<Baseline>,
    /// Providers that could not be connected.
    unconnected: Vec<Unread>,
}

/// Loads and compiles the policy; what is wrong with it is shown.
///
/// # Errors
/// When the policy has errors.
pub fn compiled(context: &Context, references: References) -> Result<(LoadedPolicy, Env, Compiled), Failure> {
    let loaded = load::policy(context, references)?;
    let env = context.env(references)?;
    let (compiled, diagnostics) = compile::compile(&loaded.policy, &providers::pure(), &env);
    if diagnostics.has_errors() {
        context.warn(diag::render_all(&diagnostics.sorted(), &loaded.sources, context.look_stderr()).trim_end());
        return Err(Failure::silent(Exit::Failed));
    }
    Ok((loaded, env, compiled))
}

/// Where something of the policy may stand, by itself and by what earlier applies noted, with what those say.
pub async fn places(policy: &Policy, compiled: &Compiled, env: &Env, context: &Context) -> (BTreeSet<String>, past::Past) {
    let mut places = schedule::places(&compiled.desired);
    places.extend(iam::places(&compiled.desired));
    places.extend(postgres::places(&compiled.desired));
    let past = working::patiently(context, past::past(policy, env, context)).await;
    places.extend(past.places.iter().cloned());
    places.extend(folder::standing(policy));
    (places, past)
}

/// Loads, compiles and connects. Nothing is asked of the live system yet.
///
/// # Errors
/// When the policy has errors.
pub async fn open(context: &Context, references: References) -> Result<Opened, Failure> {
    let (loaded, mut env, compiled) = compiled(context, references)?;
    let (places, past) = places(&loaded.policy, &compiled, &env, context).await;
    env.left_places = places.iter().cloned().collect();
    let env = Arc::new(env);
    let (sessions, unconnected) = Sessions::open(providers::ALL, &loaded.policy, &env).await;
    let unlooked = past.notes(&compiled.desired);
    Ok(Opened {
        loaded,
        env,
        compiled,
        sessions,
        places,
        past,
        unlooked,
        new_folders: BTreeSet::new(),
        baseline: None,
        unconnected,
    })
}

impl Opened {
    /// The same where the caller says which folders are to be new.
    ///
    /// # Errors
    /// When a name is no folder store of the policy.
    pub fn with_new_folders(self, names: &[String]) -> Result<Self, Failure> {
        Ok(Self { new_folders: gone::meant(&self.loaded.policy, names)?, ..self })
    }

    /// The same where some findings are known, and more packs are named.
    #[must_use]
    pub fn holding(mut self, baseline: Option<Baseline>, packs: &[Pack]) -> Self {
        Arc::make_mut(&mut self.loaded.policy).hold_against(packs);
        Self { baseline, ..self }
    }

    /// Reads the live system.
    pub async fn survey(&self, context: &Context) -> Known {
        let mut known = working::patiently(context, self.survey_now(context)).await;
        known.unread = Unread::by_cause(known.unread);
        known
    }

    async fn survey_now(&self, context: &Context) -> Known {
        let begun = std::time::Instant::now();
        let mut known = apply::survey(&self.sessions, &self.compiled, usize::from(context.global.parallelism)).await;
        known.unread.extend(self.unconnected.iter().cloned());
        let running = self.live_schedules(&known).into_keys().collect();
        gone::cast_doubt(&mut known, &self.loaded.policy, &self.past, &running, &self.new_folders);
        known.lost = gone::lost_buckets(&known, &self.loaded.policy, &self.past, &running);
        known.notes.extend(gone::moves(&known, &self.loaded.policy, &self.past));
        known.notes.extend(self.unlooked.iter().cloned());
        let millis = begun.elapsed().as_millis();
        let requests = s3::requests();
        context.log(
            LogLevel::Info,
            &format!("read {} resources in {millis} ms; {requests} requests to S3 so far", known.live.len()),
        );
        known
    }

    /// Reads the live system, and what the stores hold of the policy's backups.
    pub async fn survey_all(&self, context: &Context) -> (Known, Holdings) {
        let at_once = usize::from(context.global.parallelism);
        let looking = holdings::look(&self.loaded.policy, &self.env, at_once);
        let reading = async {
            let forgetting = forgotten::look(&self.loaded.policy, &self.env, at_once);
            let (mut known, mut holdings, forgotten) = tokio::join!(self.survey_now(context), looking, forgetting);
            holdings = holdings.empty_where_new();
            known.notes.extend(forgotten::notes(&forgotten, &self.compiled));
            let policy = &self.loaded.policy;
            let left = holdings::left_behind(policy, self.live_schedules(&known).keys());
            holdings.look_for_left(policy, &self.env, &left, at_once).await;
            uncopied::look(policy, &self.env, &mut known, context.now()).await;
            (known, holdings)
        };
        let (mut known, holdings) = working::patiently(context, reading).await;
        known.backups = holdings.first_backups(&gone::doubtful(&known), context.now());
        known.doubts = room::findings(&known, &holdings, &self.loaded.policy, &self.loaded.sources, &self.env).await;
        known.oldest = holdings.oldest();
        let running = self.live_schedules(&known).into_keys().collect();
        known.emptied = gone::emptied((&known, &holdings), &self.loaded.policy, &self.past, &running);
        known.overdue = holdings.overdue(&self.loaded.policy, context.now());
        for (unread, error) in holdings.unread() {
            // Where the plan tells already why the place takes no credentials, that says it of the backups too.
            let told = |other: &Unread| {
                let same_place = error.kind.is_of_place() && error.subject.starts_with(&format!("{}/", other.subject));
                same_place || other.reason.ends_with(&error.reason)
            };
            if error.kind == ErrorKind::Unavailable || !known.unread.iter().any(told) {
                known.unread.push(unread);
            }
        }
        known.unread = Unread::by_cause(known.unread);
        if plan::needs_records(&self.compiled, &known) {
            known.last_set = journal::last_set(&self.past.records(&self.loaded.policy.name, context).await);
        }
        (known, holdings)
    }

    fn live_schedules(&self, known: &Known) -> Schedules {
        schedule::live_schedules(&self.loaded.policy, &self.env, &self.compiled.desired, &known.live)
    }

    fn overridden_schedules(&self, known: &Known) -> Schedules {
        schedule::overridden_schedules(&self.loaded.policy, &self.env, &self.compiled.desired, &known.live)
    }

    /// Makes the plan of what was read.
    pub fn plan(&self, context: &Context, known: &Known, holdings: Option<&Holdings>, scope: &Scope, intent: Intent) -> Plan {
        let now = context.now();
        let LoadedPolicy { policy, sources, .. } = &self.loaded;
        let facts = Facts { measured: holdings.map(|holdings| holdings.measured(now)).unwrap_or_default(), ..Facts::at(now) };
        let promised = assess::assess(policy, &facts);
        let live = self.live_schedules(known);
        let doubtful = gone::doubtful(known);
        let mut counted_on = gone::without(policy, &doubtful);
        // What an endpoint lacks it lacks afterwards too, and what others keep from working stays so; as drift that is told for itself.
        let stays = |live: &Live| intent != Intent::Drift && live.hindered.iter().any(|hindrance| hindrance.foreign);
        let lacks = |live: &Live| live.unsupported || stays(live);
        let lacking = known.live.values().any(lacks);
        standing::make(&mut counted_on, &self.compiled.desired, known, lacks);
        let mut standing = standing::with_schedules(&counted_on, &live, holdings);
        standing::make(&mut standing, &self.compiled.desired, known, |_| true);
        let dead = standing::leave_what_works(&mut standing, known);
        standing::recall(&mut standing, &self.compiled.desired, known);
        let without_backup = holdings.map(|holdings| holdings.without_backup(now)).unwrap_or_default();
        // No schedule brings back what was not saved, so what is overdue counts before and after; what the policy says is as good as ever.
        let facts = Facts { overdue: known.overdue.clone(), ..facts };
        let before = assess::assess(&standing, &Facts { live: Some(live), without_backup, ..facts.clone() });
        // Drift is told against what the policy says, a plan against what it will come to: what others override stays.
        let overridden = if intent == Intent::Drift { Schedules::new() } else { self.overridden_schedules(known) };
        let as_promised = doubtful.is_empty() && overridden.is_empty() && known.overdue.is_empty() && !lacking;
        let facts = Facts { overridden, ..facts };
        let kept = if as_promised { None } else { Some(assess::assess(&counted_on, &facts)) };
        let after = kept.as_ref().unwrap_or(&promised);
        let certain = standing::without_unread(&counted_on, &self.compiled.desired, known);
        let certain = certain.map(|(certain, why)| (assess::assess(&certain, &facts), why));
        let unknown = Unknown { components: unknown(policy, known, holdings, now), certain };
        let mut objectives = promises::rows(&before, after, &unknown);
        let tiers = providers::s3::tiers(policy, &known.live);
        let copies = holdings.map(|holdings| holdings.copies()).unwrap_or_default();
        let mut findings = self.findings(&promised, &copies, now);
        if intent == Intent::Drift {
            // What the policy itself cannot keep is no drift.
            objectives.retain(ObjectiveRow::moves);
            findings.clear();
        }
        findings.extend(holdings.map(|holdings| holdings.damage(policy, sources)).unwrap_or_default());
        // Where no backup is planned, none lacks room.
        findings.extend(known.doubts.iter().filter(|_| !known.backups.is_empty()).cloned());
        reconcile(Input {
            policy,
            sources,
            paths: self.paths(context),
            compiled: &self.compiled,
            known,
            scope,
            intent,
            findings,
            objectives,
            dead: standing::alarms(&dead, &self.compiled.desired, known),
            retention: holdings.map(|holdings| holdings.retention(policy, sources, now, &tiers)).unwrap_or_default(),
            made_at: now,
        })
    }

    /// The plan that lets go of everything: nothing is wanted any more.
    ///
    /// `known` must have been read with [`Opened::wanting_nothing`].
    pub fn plan_to_let_go(&self, context: &Context, known: &Known) -> Plan {
        reconcile(Input {
            policy: &self.loaded.policy,
            sources: &self.loaded.sources,
            paths: self.paths(context),
            compiled: &self.compiled,
            known,
            scope: &Scope::default(),
            intent: Intent::Destroy,
            findings: Vec::new(),
            objectives: Vec::new(),
            dead: Vec::new(),
            retention: Vec::new(),
            made_at: context.now(),
        })
    }

    /// The same sessions under a policy that wants nothing.
    #[must_use]
    pub fn wanting_nothing(mut self) -> Self {
        self.compiled.desired = Desired::new();
        self
    }

    /// What a saved plan needs to find the policy again.
    fn paths(&self, context: &Context) -> Vec<String> {
        let roots = policy_files::policy_roots(context).unwrap_or_default();
        roots.iter().map(|root| root.display().to_string()).collect()
    }

    /// What reading and the rules have to say, without what a comment suppresses.
    fn findings(&self, assessment: &assess::Assessment, copies: &[Copies], now: jiff::Timestamp) -> Vec<Finding> {
        let LoadedPolicy { policy, sources, diagnostics } = &self.loaded;
        let mut found = diagnostics.clone();
        found.extend(lint::check(&lint::Context { policy, assessment, now }));
        found.extend(at_plan::check(&PlanContext { policy, now, copies }));
        let wish = lint::Wish {
            level: diag::Severity::Note,
            threshold: diag::Severity::Error,
            today: jiff::tz::TimeZone::UTC.to_datetime(now).date(),
            texts: sources.iter().count(),
        };
        let codes = codes::all();
        let report = lint::Report::against(found, sources, &codes, wish, self.baseline.as_ref());
        report.counted().map(|finding| Finding::of(&finding.diagnostic, sources)).collect()
    }
}

/// Components of which it is not known what a plan leaves them with: what it rests on was not read, or there is no backup and
/// none is planned.
fn unknown(policy: &Policy, known: &Known, holdings: Option<&Holdings>, now: jiff::Timestamp) -> BTreeMap<ComponentName, String> {
    let mut why = BTreeMap::new();
    let first = holdings.map(|holdings| holdings.first_backups(&gone::doubtful(known), now)).unwrap_or_default();
    for component in policy.components.values() {
        let name = &component.name.value;
        let own: Vec<_> = first.iter().filter(|((of, _), _)| of == name).collect();
        let missing = |first: &FirstBackup| matches!(first, FirstBackup::Missing(_));
        if own.iter().any(|(_, first)| **first == FirstBackup::Unknown) {
            why.insert(name.clone(), "its backups could not be read".to_owned());
        } else if !own.is_empty() && own.iter().all(|(key, first)| missing(first) && !known.backups.contains_key(*key)) {
            why.insert(name.clone(), "it has no good backup, and none is planned".to_owned());
        }
    }
    let uses = |component: &Component, subject: &Subject| match subject {
        Subject::Component(name) => *name == component.name.value,
        Subject::Store(store) => {
            component.protections.values().any(|protection| protection.stores.iter().any(|s| s.value == *store))
        }
        Subject::Policy => false,
    };
    for id in known.unread.iter().flat_map(|unread| &unread.resources) {
        for component in policy.components.values().filter(|component| uses(component, &id.subject)) {
            why.entry(component.name.value.clone()).or_insert_with(|| format!("{id} could not be read"));
        }
    }
    why
}
