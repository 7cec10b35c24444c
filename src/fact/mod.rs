//! The one typed list of what can happen. Logs, metrics, receipts and (later) notices are fed from it.
