package record

// SystemTenant is the tenant of what is done to the logs themselves: keys that
// are replaced, epochs that are opened, events that are removed. Only programs of
// the operator write to it; names that begin with "_" are refused from clients.
const SystemTenant = "_system"
