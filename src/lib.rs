//! The dashboard: components in frames, a store that every change goes through, and a tracker that
//! watches the store.

pub mod answers;
pub mod api;
pub mod app;
pub mod charts;
pub mod commands;
pub mod components;
pub mod config;
pub mod crash;
pub mod demo;
pub mod example;
pub mod focus;
pub mod frames;
pub mod later;
pub mod loader;
pub mod navigation;
pub mod pages;
pub mod platform;
pub mod player;
pub mod privacy;
pub mod registry;
pub mod replay;
pub mod route;
pub mod store;
pub mod toast;
pub mod tracking;
