//! Opens connections: by the caller's own credentials, or by the role of an account that is taken on.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_sdk_s3::Client;

use crate::policy::S3Backend;
use crate::provider::Env;
use crate::store::StoreError;
use crate::stores::s3::arn::partition_of;
use crate::stores::s3::connection::{Connection, Role, Watch};
use crate::stores::s3::endpoint::check_allowed;
use crate::stores::s3::identity::Identity;
use crate::stores::s3::taken::{Taken, client_of_sts};

/// A connection of its own. `client` makes the client of a service from what all services share, with what watches its requests.
pub async fn open<C>(identity: &Identity, env: &Env, client: impl FnOnce(&SdkConfig, Watch) -> C) -> Connection<C> {
    let role: Option<Arc<dyn Role>> = match identity.taken() {
        Some(through) => Some(Arc::new(Taken::open(through, env).await)),
        None => None,
    };
    Connection::open(identity, env, role, client).await
}

/// The service that knows whose credentials are used.
pub async fn sts(identity: &Identity, env: &Env) -> Connection<aws_sdk_sts::Client> {
    open(identity, env, |shared, watch| client_of_sts(identity, shared, watch)).await
}

/// Opens, or finds, the connection that a store's settings ask for. Settings that the policy leaves out come from the caller's
/// environment, then from AWS's own chain (files, roles, instance metadata). No request goes to the endpoint here.
///
/// # Errors
/// When the caller does not allow the endpoint that the policy names.
pub async fn connect(backend: &S3Backend, env: &Env) -> Result<Arc<Connection>, StoreError> {
    static OPEN: Mutex<Vec<(Identity, Arc<Connection>)>> = Mutex::new(Vec::new());
    if let (Some(endpoint), Some(allowed)) = (&backend.endpoint, &env.allowed_endpoints) {
        check_allowed(endpoint.expose(), &endpoint.shown, allowed)?;
    }
    let region = backend.region.as_ref().map(|region| region.value.as_str());
    let endpoint = backend.endpoint.as_ref().map(|endpoint| &endpoint.value);
    let identity = Identity::new("S3", endpoint, region, backend.path_style.as_ref().map(|style| style.value), env);
    let sts = Identity::of_sts(endpoint, region, env);
    let identity = identity.through(backend.through.as_deref(), partition_of(backend), sts);
    let find = |open: &[(Identity, Arc<Connection>)]| {
        open.iter().find(|(known, _)| *known == identity).map(|(_, connection)| Arc::clone(connection))
    };
    if let Some(connection) = find(&OPEN.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(connection);
    }
    let made = Arc::new(make(&identity, env).await);
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(connection) = find(&open) {
        return Ok(connection);
    }
    open.push((identity, Arc::clone(&made)));
    Ok(made)
}

async fn make(identity: &Identity, env: &Env) -> Connection {
    open(identity, env, |shared, watch| {
        let config = aws_sdk_s3::config::Builder::from(shared).force_path_style(identity.is_path_style()).interceptor(watch);
        let config = match identity.endpoint() {
            Some(endpoint) => config.endpoint_url(endpoint),
            None => config,
        };
        Client::from_conf(config.build())
    })
    .await
}
