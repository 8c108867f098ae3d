//! What a first apply of an imported policy would do, and what it could take over: looked up, not guessed.

use std::sync::Arc;

use crate::apply::{self, Sessions};
use crate::cli::{Context, prepare};
use crate::compile;
use crate::diff;
use crate::policy::Policy;
use crate::provider::Env;
use crate::providers;
use crate::resource::{Fit, Op};

/// One line for each change, for what could not be read, and for what could be taken over.
pub async fn first_apply(policy: &Policy, env: &Env, context: &Context) -> Vec<String> {
    let (compiled, _) = compile::compile(policy, &providers::pure(), env);
    // What applies of a policy of that name left elsewhere would be theirs to take away.
    let (left_places, _) = prepare::places(policy, &compiled, env, context).await;
    let env = Arc::new(Env { left_places: left_places.into_iter().collect(), ..env.clone() });
    let policy = Arc::new(policy.clone());
    let (sessions, unread) = Sessions::open(providers::ALL, &policy, &env).await;
    let known = apply::survey(&sessions, &compiled, usize::from(context.global.parallelism)).await;
    let mut lines: Vec<String> = Vec::new();
    for (id, live) in &known.live {
        let Some(kind) = compiled.kinds.get(&id.kind) else { continue };
        let change = diff::diff(kind, compiled.desired.get(id), live, id);
        let Some(change) = change.filter(|change| change.op != Op::None) else { continue };
        let does = match change.op {
            Op::Create => "makes",
            Op::Delete => "removes",
            Op::Release => "releases",
            Op::Refuse => "cannot change",
            _ => "changes",
        };
        lines.push(format!("{does} the {} {id}", kind.title));
    }
    let mut adoptable = Vec::new();
    for (_, session) in sessions.iter() {
        adoptable.extend(session.adoptable(&compiled.desired).await.unwrap_or_default());
    }
    adoptable.sort();
    // What does something else would be changed by it, which nobody wants of an import.
    for one in adoptable.iter().filter(|one| one.fit == Fit::Same) {
        lines.push(format!("takes over `{}` where that is said: bdr plan --adopt '{}={}'", one.what.name, one.id, one.what.name));
    }
    lines.extend(known.unread.iter().chain(&unread).map(|unread| format!("could not be looked up: {}", unread.told())));
    lines
}
