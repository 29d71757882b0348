// Package migrations makes and changes the tables of the audit store. The SQL
// is embedded; schema and role prefix are filled in when it is read, so that
// staging and production can share a server and an application's own tables can
// share a schema.
package migrations
