package auditconnector

// Config is the configuration of the connector.
type Config struct{}
