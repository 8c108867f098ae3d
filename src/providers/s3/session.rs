//! A session: the buckets of a policy, their documents read once, and what was written and is not yet seen everywhere.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::future::{join_all, try_join_all};
use tokio::sync::OnceCell;

use crate::address::{ResourceId, Subject};
use crate::policy::{Component, Policy, S3Backend};
use crate::provider::{Beside, Env, Freshness, Owned, ProviderError};
use crate::providers::s3::document::{Answer, Document};
use crate::providers::s3::element::Element;
use crate::providers::s3::place::Place;
use crate::providers::s3::setting::{Edit, Setting, Sight, without};
use crate::providers::s3::written::Settling;
use crate::providers::s3::{
    SETTINGS, backends, bucket, component_bucket, copies, discover, lacking, lifecycle, owner_object, replication, request,
    setting, tags, wishes,
};
use crate::resource::{Earlier, Expiring, Foreign, Live, Resource};
use crate::store::{ErrorKind, Retry, StoreError};
use crate::stores::s3::connect;

type Cell = Arc<OnceCell<Answer>>;

/// Begins the key of what a store has left in a bucket that another store of the policy names; the store's own name follows.
pub(super) const LEFT: char = '/';

pub(super) struct S3Session {
    pub(super) policy: Arc<Policy>,
    env: Arc<Env>,
    /// By whose bucket it is; one that the caller does not allow is an error when it is used, not for the others.
    pub(super) places: BTreeMap<Subject, Result<Place, StoreError>>,
    /// Buckets that carry the mark and that the policy does not name.
    strangers: OnceCell<BTreeMap<String, Stranger>>,
    documents: Mutex<HashMap<(usize, String, &'static Document), Cell>>,
    /// By connection and bucket.
    keeps: OnceLock<BTreeMap<usize, BTreeMap<String, lifecycle::Keeps>>>,
    pub(super) settling: Settling,
}

/// A bucket that the policy does not name.
pub(super) struct Stranger {
    pub place: Place,
    /// The application's own, in which nothing but rules is bdr's.
    pub rules_only: bool,
}

/// Every bucket that a policy names, by whose it is.
fn buckets(policy: &Policy) -> impl Iterator<Item = (Subject, &S3Backend)> {
    let stores = backends(policy).map(|(name, backend)| (Subject::Store(name.clone()), backend));
    let of_components = |(component, bucket): (&Component, _)| (Subject::Component(component.name.value.clone()), bucket);
    stores.chain(component_bucket::all(policy).map(|(component, bucket)| (component, &bucket.backend)).map(of_components))
}

/// Who plans without being allowed a reference does not know the bucket: an error of that store alone.
async fn reach(backend: &S3Backend, env: &Env) -> Result<Place, StoreError> {
    let unknown = [Some(&backend.bucket), backend.endpoint.as_ref()].into_iter().flatten().find(|text| !text.is_known());
    if let Some(text) = unknown {
        let reason = "the value of this reference is not known here";
        let error = StoreError::new("find", format!("s3://{}", text.shown), ErrorKind::Denied, Retry::Never, reason);
        return Err(error.with_help("Allow it with --allow-env or --allow-file if you trust this policy."));
    }
    Ok(Place::new(connect(backend, env).await?, backend, env.purpose))
}

impl S3Session {
    pub async fn open(policy: Arc<Policy>, env: Arc<Env>) -> Self {
        let opened = buckets(&policy).map(|(subject, backend)| {
            let env = &env;
            async move { (subject, reach(backend, env).await) }
        });
        let places = join_all(opened).await.into_iter().collect();
        Self {
            places,
            policy,
            env,
            strangers: OnceCell::new(),
            documents: Mutex::default(),
            keeps: OnceLock::new(),
            settling: Settling::default(),
        }
    }

    /// Buckets in other stores' hands are found by their mark; their resources' keys begin with the bucket's name.
    pub async fn place(&self, id: &ResourceId) -> Result<Place, ProviderError> {
        let unknown = |what: String| ProviderError {
            operation: "find".to_owned(),
            subject: id.to_string(),
            kind: ErrorKind::NotFound,
            retry: Retry::Never,
            reason: what,
            help: Some("Plan again: the policy or the live system changed.".to_owned()),
            source: None,
        };
        match &id.subject {
            Subject::Store(_) | Subject::Component(_) => match self.places.get(&self.policy.called_now(&id.subject)) {
                Some(Ok(place)) => Ok(place.clone()),
                Some(Err(error)) => Err(error.into()),
                None => Err(unknown(format!("the policy names no bucket for {}", id.subject))),
            },
            Subject::Policy => {
                let bucket = id.key.split('/').next().unwrap_or_default();
                let found = self.strangers().await?.get(bucket).map(|stranger| stranger.place.clone());
                found.ok_or_else(|| unknown(format!("no bucket `{bucket}` carries the policy's mark")))
            }
        }
    }

    /// What a resource is called in its document.
    pub fn mark(&self, id: &ResourceId) -> String {
        match (&id.subject, setting(&id.kind)) {
            (_, None) => String::new(),
            (Subject::Store(_) | Subject::Component(_), Some(setting)) if id.key.starts_with(LEFT) => {
                setting.mark(&self.policy.name, &id.key[LEFT.len_utf8()..])
            }
            (Subject::Store(name), Some(setting)) => setting.mark(&self.policy.name, &format!("{name}/{}", id.key)),
            (Subject::Component(name), Some(setting)) => setting.mark(&self.policy.name, &format!("{name}/{}", id.key)),
            (Subject::Policy, Some(setting)) => {
                let spelled = id.key.split_once('/').map_or("", |(_, spelled)| spelled);
                let own = spelled.strip_prefix(&lifecycle::owner(&self.policy.name));
                own.map_or_else(|| spelled.to_owned(), |rest| setting.mark(&self.policy.name, rest))
            }
        }
    }

    /// What a resource may still be called in its document.
    pub fn earlier(&self, resource: &Resource) -> Option<String> {
        match resource.earlier.as_ref()? {
            Earlier::Moved(id) => Some(self.mark(id)),
            Earlier::Adopted(name) => Some(name.clone()),
        }
    }

    /// Whether the policy wants a store's bucket to lock what is written.
    pub fn locks(&self, id: &ResourceId) -> bool {
        let Subject::Store(name) = &id.subject else { return false };
        self.policy.stores.get(name).is_some_and(|spec| spec.immutability.is_some())
    }

    /// The buckets that the policy names, as far as they can be spoken to.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.values().flatten()
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) async fn strangers(&self) -> Result<&BTreeMap<String, Stranger>, ProviderError> {
        self.strangers.get_or_try_init(|| self.find_strangers()).await
    }

    async fn find_strangers(&self) -> Result<BTreeMap<String, Stranger>, ProviderError> {
        let known: Vec<(&Place, &S3Backend)> = buckets(&self.policy)
            .filter_map(|(subject, backend)| Some((self.places.get(&subject)?.as_ref().ok()?, backend)))
            .collect();
        let names: Vec<&str> = known.iter().map(|(place, _)| place.bucket.as_str()).collect();
        let accounts = discover::accounts(&known, &self.policy, &self.env).await;
        let looks = accounts.iter().map(|via| discover::strangers(via, &names, &self.policy.name, &self.env));
        let forsaken = discover::forsaken(&known, &names, &self.policy.name, &self.env);
        let (marked, forsaken) = futures_util::future::join(try_join_all(looks), forsaken).await;
        let named = |rules_only, document| {
            move |(place, answer): discover::Found| {
                self.know(&place, document, answer);
                (place.bucket.clone(), Stranger { place, rules_only })
            }
        };
        let forsaken = forsaken.into_iter().map(named(true, &replication::DOCUMENT));
        // One that carries the mark is a store's too.
        Ok(forsaken.chain(marked?.into_iter().flatten().map(named(false, &tags::DOCUMENT))).collect())
    }

    /// What was read already is not asked for again.
    fn know(&self, place: &Place, document: &'static Document, answer: Answer) {
        let (connection, bucket) = place.identity();
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        documents.entry((connection, bucket.to_owned(), document)).or_insert_with(|| Arc::new(OnceCell::new_with(Some(answer))));
    }

    /// A document, asked for once however many want it.
    pub async fn document(
        &self,
        place: &Place,
        document: &'static Document,
        freshness: Freshness,
    ) -> Result<Answer, ProviderError> {
        let (connection, bucket) = place.identity();
        let key = (connection, bucket.to_owned(), document);
        let cell = {
            let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
            if freshness == Freshness::Fresh {
                documents.insert(key.clone(), Cell::default());
            }
            Arc::clone(documents.entry(key).or_default())
        };
        let read = || async {
            let operation = format!("read the {} of", document.title);
            request::read(place, document).await.map_err(|refusal| place.fault(operation, document.read_action, refusal))
        };
        cell.get_or_try_init(read).await.cloned()
    }

    /// The bucket of a store or a component, where it may be reached.
    pub fn at(&self, subject: &Subject) -> Option<&Place> {
        self.places.get(&self.policy.called_now(subject))?.as_ref().ok()
    }

    /// Later reads ask again.
    pub fn forget(&self, place: &Place, document: &'static Document) {
        let (connection, bucket) = place.identity();
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        documents.remove(&(connection, bucket.to_owned(), document));
    }

    async fn read_setting(
        &self,
        setting: &dyn Setting,
        id: &ResourceId,
        desired: Option<&Resource>,
        freshness: Freshness,
    ) -> Result<Live, ProviderError> {
        let place = self.place(id).await?;
        let mark = self.mark(id);
        let sight = Sight { policy: &self.policy.name, mark: &mark, desired: desired.map(|desired| &desired.attrs) };
        let mut live = self.seen(&place, setting, desired, freshness, sight).await?;
        // What is taken over goes, whether or not bdr's own stands already.
        let adopts = desired.is_some_and(|desired| desired.adopts().is_some());
        if let Some(before) = desired.and_then(|desired| self.earlier(desired)).filter(|_| adopts || live.attrs.is_none()) {
            let found = self.seen(&place, setting, desired, Freshness::Cached, Sight { mark: &before, ..sight }).await?;
            if found.attrs.is_some() {
                live = Live { stands_as: Some(before), ..found };
            }
        }
        if setting.kind().name == replication::KIND.name && desired.is_none() {
            self.places_of_left(&place, id, &mut live).await;
        }
        setting.tells_at(&place, &mut live);
        self.unmarked(&place, freshness, &mut live).await;
        self.of_another(&place, setting, desired, &mut live).await;
        if live.unsupported || live.unfit.is_some() {
            return Ok(live);
        }
        let wanted = desired.filter(|wanted| live.attrs.as_ref() != Some(&wanted.attrs));
        if let Some(why) = wanted.and_then(|wanted| setting.lacking_at(&place, &wanted.attrs)) {
            return Ok(lacking::partly(setting, live, &why));
        }
        live.unfit = wanted.and_then(|wanted| setting.refuses_at(&place, &wanted.attrs));
        if setting.kind().name == replication::KIND.name && live.unfit.is_none() {
            self.unready(&place, id, &mut live).await?;
            // Right before a change only what it is about counts.
            if let Some(wanted) = desired.filter(|_| live.unfit.is_none() && freshness == Freshness::Cached) {
                self.uncopied(&place, wanted, &mut live).await?;
            }
        }
        Ok(live)
    }

    async fn seen(
        &self,
        place: &Place,
        setting: &dyn Setting,
        desired: Option<&Resource>,
        freshness: Freshness,
        sight: Sight<'_>,
    ) -> Result<Live, ProviderError> {
        Ok(match self.document(place, setting.document(), freshness).await? {
            Answer::Found(found) => {
                let mut live = setting.live(Some(&found.tree), sight);
                live.unfit = match desired.and_then(Resource::adopts) {
                    Some(name) => self.unfit(setting, &without(&found.tree, setting, &[name.to_owned()]), &live, desired),
                    None => self.unfit(setting, &found.tree, &live, desired),
                };
                if found.kept.is_some() {
                    let key = owner_object::KEY;
                    live.notes
                        .push(format!("this endpoint keeps no tags of buckets: they are kept in the object `{key}` instead"));
                }
                live
            }
            Answer::Absent => setting.live(None, sight),
            Answer::NoBucket => match self.lacks(place, setting.document()).await {
                Some(why) => lacking::unsupported(setting, desired, &why),
                None => lacking::before_its_bucket(setting, desired, place),
            },
            Answer::Unsupported(why) => lacking::unsupported(setting, desired, &why),
        })
    }

    /// What a write would be refused for, told when it is planned. Of a document with many parts each fits alone, whatever all come to.
    fn unfit(&self, setting: &dyn Setting, tree: &Element, live: &Live, desired: Option<&Resource>) -> Option<String> {
        let wanted = desired.filter(|wanted| live.attrs.as_ref() != Some(&wanted.attrs))?;
        if setting.kind().shared {
            return setting.refuses(tree, &self.policy.name);
        }
        let edit = Edit { mark: String::new(), attrs: Some(&wanted.attrs) };
        setting.merged(Some(tree), &self.policy.name, &[edit]).err()
    }
}

/// In the application's own bucket nothing is bdr's but replication.
pub(super) fn is_ours(whose: Option<&Subject>, setting: &dyn Setting) -> bool {
    !matches!(whose, Some(Subject::Component(_))) || setting.kind().name == replication::KIND.name
}

impl S3Session {
    pub async fn look(&self, id: &ResourceId, desired: Option<&Resource>, freshness: Freshness) -> Result<Live, ProviderError> {
        match setting(&id.kind) {
            Some(setting) => self.read_setting(setting, id, desired, freshness).await,
            None => {
                let place = self.place(id).await?;
                let live = bucket::live(&place, desired.map(|desired| &desired.attrs)).await?;
                // Right before a change only what it is about counts.
                let expiring = if freshness == Freshness::Cached { self.expiring(&place).await } else { Vec::new() };
                Ok(Live { expiring, ..live })
            }
        }
    }

    /// What in a bucket lets backups go that the policy keeps. Where the rules cannot be read, reading them as a resource tells why.
    async fn expiring(&self, place: &Place) -> Vec<Expiring> {
        let rules = self.document(place, &lifecycle::DOCUMENT, Freshness::Cached).await;
        let Ok(Answer::Found(document)) = rules else { return Vec::new() };
        let keeps = self.keeps.get_or_init(|| self.all_keeps());
        let here = keeps.get(&place.identity().0).and_then(|buckets| buckets.get(&place.bucket));
        here.map(|keeps| lifecycle::expiring(&document.tree, keeps, &self.policy.name)).unwrap_or_default()
    }

    /// What the policy keeps in each bucket: asked of every bucket, and told from the whole policy, so told once.
    fn all_keeps(&self) -> BTreeMap<usize, BTreeMap<String, lifecycle::Keeps>> {
        let copies = copies(&self.policy);
        let mut keeps: BTreeMap<usize, BTreeMap<String, lifecycle::Keeps>> = BTreeMap::new();
        for (wish, _) in wishes(&self.policy, &copies) {
            let Some(place) = self.at(&Subject::Store(wish.name.clone())) else { continue };
            let (connection, bucket) = place.identity();
            keeps.entry(connection).or_default().entry(bucket.to_owned()).or_default().add(wish);
        }
        keeps
    }

    pub async fn all_marked(&self) -> Result<Owned, ProviderError> {
        let mut owned = Owned::default();
        let of = |subject: &Subject, kind| ResourceId::new(subject.clone(), kind, "");
        let mut named: BTreeMap<(usize, &str), (&Subject, &Place)> = BTreeMap::new();
        for (subject, place) in &self.places {
            match place {
                Ok(place) => _ = named.entry(place.identity()).or_insert((subject, place)),
                Err(error) => owned.unread.push((of(subject, tags::KIND.name), error.into())),
            }
        }
        let own = join_all(named.values().map(|(subject, place)| self.marked(place, Some(*subject), false)));
        let (strangers, own) = futures_util::future::join(self.strangers(), own).await;
        let others = join_all(strangers?.values().map(|stranger| self.marked(&stranger.place, None, stranger.rules_only))).await;
        for ((subject, _), marked) in named.values().zip(own) {
            owned.resources.extend(marked.found);
            owned.unread.extend(marked.unread.into_iter().map(|(kind, error)| (of(subject, kind), error)));
        }
        for mut marked in others {
            if let Some((_, error)) = marked.unread.pop() {
                return Err(error);
            }
            owned.resources.extend(marked.found);
        }
        Ok(owned)
    }

    /// What stands in a shared document that holds nothing of ours yet. A bucket that does not answer hides no other; reading what
    /// is wanted of it tells why.
    async fn only_foreign(&self, setting: &dyn Setting, whose: &Subject, place: &Place) -> Vec<(ResourceId, Foreign)> {
        if !setting.kind().shared || !is_ours(Some(whose), setting) {
            return Vec::new();
        }
        let answer = self.document(place, setting.document(), Freshness::Cached).await;
        let Ok(Answer::Found(document)) = answer else { return Vec::new() };
        if !setting.marked(&document.tree, &self.policy.name).is_empty() {
            return Vec::new();
        }
        let id = ResourceId::new(whose.clone(), setting.kind().name, "");
        let sight = Sight { policy: &self.policy.name, mark: "", desired: None };
        setting.live(Some(&document.tree), sight).foreign.into_iter().map(|one| (id.clone(), one)).collect()
    }

    pub async fn all_foreign(&self) -> Result<Beside, ProviderError> {
        let mut found = self.in_documents_beside().await;
        for (subject, place) in &self.places {
            let Ok(place) = place else { continue };
            for setting in SETTINGS {
                found.parts.extend(self.only_foreign(*setting, subject, place).await);
            }
        }
        for stranger in self.strangers().await?.values().filter(|stranger| stranger.rules_only) {
            found.parts.extend(self.only_foreign(&replication::ReplicationRules, &Subject::Policy, &stranger.place).await);
        }
        Ok(found)
    }
}
