// Package database gives the end-to-end tests and the benchmark a PostgreSQL
// server of their own and, in it, migrated databases with one restricted login
// per role, as an operator would set them up.
package database

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/otelaudit/otelaudit/internal/pglocal"
	"github.com/otelaudit/otelaudit/migrations"
)

const template = "template_audit"

// Server is a private cluster with a migrated template database.
type Server struct {
	*pglocal.Cluster

	made atomic.Int64 // databases so far
}

// Database is a migrated database, reached by the login of each role.
type Database struct {
	Name                                             string
	Owner, Writer, Reader, Auditor, Pruner, Operator string // URLs; Owner is the superuser
}

// Start starts a cluster and prepares the template.
func Start(ctx context.Context, o pglocal.Options) (*Server, error) {
	cluster, err := pglocal.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Server{Cluster: cluster}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, cluster.Stop(ctx))
	}
	return s, nil
}

func (s *Server) prepare(ctx context.Context) error {
	if err := s.EnsureDatabase(ctx, template); err != nil {
		return err
	}
	if _, err := (migrations.Runner{}).Up(ctx, s.URL(pglocal.Superuser, template)); err != nil {
		return fmt.Errorf("migrate the template: %w", err)
	}
	roles := migrations.RolesFor(migrations.DefaultRolePrefix)
	for login, role := range map[string]string{
		"testbed_writer": roles.Writer, "testbed_reader": roles.Reader, "testbed_auditor": roles.Auditor,
		"testbed_pruner": roles.Pruner, "testbed_operator": roles.Operator,
	} {
		if err := s.EnsureLogin(ctx, login, role); err != nil {
			return err
		}
	}
	return nil
}

// New makes a migrated database.
func (s *Server) New(ctx context.Context) (Database, error) {
	return s.create(ctx, " TEMPLATE "+template)
}

// NewEmpty makes a database without any table.
func (s *Server) NewEmpty(ctx context.Context) (Database, error) {
	return s.create(ctx, "")
}

func (s *Server) create(ctx context.Context, clause string) (Database, error) {
	name := fmt.Sprintf("testbed_%d", s.made.Add(1))
	err := s.Exec(ctx, "postgres", "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+clause)
	if err != nil {
		return Database{}, fmt.Errorf("create database: %w", err)
	}
	return s.Database(name), nil
}

// Drop removes a database and cuts its sessions.
func (s *Server) Drop(ctx context.Context, d Database) error {
	return s.Exec(ctx, "postgres", "DROP DATABASE "+pgx.Identifier{d.Name}.Sanitize()+" WITH (FORCE)")
}
