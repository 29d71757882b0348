// Package auditprocessor is the first station of the audit path: it recognizes
// audit records among log records in every shape applications send, enforces
// their tenant, redacts them, gives each its identity and exempts it from
// sampling. What cannot become an event is marked for quarantine, never
// dropped. It exports NewFactory and the configuration.
package auditprocessor
