//! `GET /registry.json` from a file of the operator, read again each time so that an edit is live.

use std::{path::Path, sync::Arc};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use thiserror::Error;

use crate::web::App;

#[derive(Debug, Error)]
pub enum RegistryError {
    #[error("no --registry was given")]
    None,
    #[error("the registry cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("the registry is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the registry is not YAML: {0}")]
    Yaml(String),
}

pub async fn registry(State(app): State<Arc<App>>) -> Response {
    let read = match &app.config.registry {
        Some(path) => read(path).await,
        None => Err(RegistryError::None),
    };
    match read {
        Ok(json) => (
            [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")],
            json,
        )
            .into_response(),
        Err(error) => {
            tracing::error!("{error}");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                [(header::CACHE_CONTROL, "no-cache")],
                format!("{error}\n"),
            )
                .into_response()
        }
    }
}

/// The file as JSON, with whatever fields it has.
pub async fn read(path: &Path) -> Result<String, RegistryError> {
    Ok(serde_json::to_string(&value(path).await?)?)
}

pub async fn value(path: &Path) -> Result<Value, RegistryError> {
    let text = tokio::fs::read_to_string(path).await?;
    if path.extension().is_some_and(|kind| kind == "json") {
        Ok(serde_json::from_str(&text)?)
    } else {
        serde_saphyr::from_str(&text).map_err(|error| RegistryError::Yaml(error.to_string()))
    }
}
