//! What is known of a trunk's health: from probes and from real calls.
