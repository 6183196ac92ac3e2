//! What nobody but the operator may read.

/// A setting that has no flag.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Secret {
    ApiToken,
    LokiPassword,
}

impl Secret {
    pub const ALL: [Self; 2] = [Self::ApiToken, Self::LokiPassword];

    /// Its name in a file of settings.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::ApiToken => "api-token",
            Self::LokiPassword => "loki-password",
        }
    }

    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::ApiToken => "CLM_API_TOKEN",
            Self::LokiPassword => "LOKI_PASSWORD",
        }
    }

    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|secret| secret.key() == key)
    }
}
