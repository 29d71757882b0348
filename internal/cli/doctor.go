package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/access"
	"github.com/otelaudit/otelaudit/internal/doctor"
	"github.com/otelaudit/otelaudit/internal/doctor/configuration"
	"github.com/otelaudit/otelaudit/internal/doctor/database"
	"github.com/otelaudit/otelaudit/internal/store"
)

type doctorOptions struct {
	url, schema, rolePrefix string
	configs                 []string
	roles                   []string
	only, skip              []string
	strict, list            bool
	tenant, window          string
	sample                  int
	trust, keyFile, anchors string
	format                  formatFlag
	access                  accessFlags
}

func newDoctor(sys *System) *cobra.Command {
	o := &doctorOptions{}
	cmd := &cobra.Command{
		Use:   "doctor [--config FILE]… [flags]",
		Short: "Look for what is wrong with an installation",
		Long: `Look at a store, its server, its roles and the events in it, and with --config at
a collector's configuration, for what makes an audit trail worth less than it
seems. Every finding has the id of its check, what to do and where to read on.

Every login is used that is named: $AUDIT_OWNER_URL, $AUDIT_WRITER_URL,
$AUDIT_READER_URL, $AUDIT_AUDITOR_URL, $AUDIT_PRUNER_URL and $AUDIT_OPERATOR_URL,
or --database-url for one login, which --roles says the role of. A role without a
login could not be checked, unless --roles leaves it out. What a role must not do
is really tried, on no row and in transactions that are rolled back; the server's
log shows it as refused statements of "otelaudit doctor".

P0: the trail is not what it claims to be. P1: it will not be, or nobody would
notice. P2: it serves less well than it could. Only ids of events are shown, never
values. Reading events leaves a trace.

--only and --skip name checks by id, or several by the beginning of their ids up
to a dot. --skip data.denials.action:ACTION leaves one action out of that check.
--list shows all checks.

Exit codes: 0 nothing, or P2 alone; 1 P0 or P1, with --strict P2, too; 2 usage or
environment; 3 nothing bad was found, and not everything could be checked.`,
		Example: `  otelaudit doctor
  otelaudit doctor --config /etc/otelcol-audit/config.yaml --only config
  otelaudit doctor --roles reader,auditor --skip data.denials.action:report.read --format json
  otelaudit doctor --list`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, sys)
		},
	}
	o.register(cmd)
	return cmd
}

func (o *doctorOptions) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.url, "database-url", "", "PostgreSQL `URL` of one login; --roles names its role (default: auditor)")
	f.StringVar(&o.schema, "schema", "public", "`schema` of the audit tables")
	f.StringVar(&o.rolePrefix, "role-prefix", "audit_", "`prefix` of the group roles")
	f.StringArrayVar(&o.configs, "config", nil, "collector configuration `FILE`; repeated, they are merged as by the collector")
	f.StringSliceVar(&o.roles, "roles", nil, "`ROLE`s that are looked at: "+roleNames()+" (default: all)")
	f.StringSliceVar(&o.only, "only", nil, "make these checks only, by `ID`")
	f.StringSliceVar(&o.skip, "skip", nil, "leave these checks out, by `ID`, or an action by ID:ACTION")
	f.BoolVar(&o.strict, "strict", false, "exit 1 on P2, too")
	f.BoolVar(&o.list, "list", false, "list the checks and make none")
	f.StringVar(&o.tenant, "tenant", "", "look at the events of this `tenant` only")
	f.StringVar(&o.window, "window", "30d", "look at events of this `age` at most")
	f.IntVar(&o.sample, "sample", 50_000, "read this `number` of events at most; of more, a sample")
	f.StringVar(&o.trust, "trust", "", "trust `FILE` with the public keys of the log (default: $AUDIT_TRUST_FILE)")
	f.StringVar(&o.keyFile, "key-file", "", "key `FILE`, whose mode is looked at (default: $AUDIT_LOG_KEY_FILE)")
	f.StringVar(&o.anchors, "anchors", "", "anchor `FILE` (default: $AUDIT_ANCHOR_FILE)")
	o.format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL, formatCSV)
	o.access.register(cmd)
}

func roleNames() string {
	names := make([]string, 0, len(database.Roles()))
	for _, role := range database.Roles() {
		names = append(names, string(role))
	}
	return strings.Join(names, ", ")
}

// doctorChecks are all checks, in the order in which they are made.
func doctorChecks() []doctor.Check {
	return slices.Concat(doctor.Checks(configuration.Probes()), doctor.Checks(database.Probes()), doctor.Checks(database.DataProbes()))
}

func (o *doctorOptions) run(cmd *cobra.Command, sys *System) error {
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	choice := doctor.Choice{Only: o.only, Skip: o.skip}
	if name := choice.Unknown(doctorChecks()); name != "" {
		return usageError("'otelaudit doctor --list' shows the ids", "no check is called %q, and none begins with it and a dot", name)
	}
	if o.list {
		return printChecks(sys, format, choice)
	}
	report := doctor.NewReport()
	if err := o.checkConfiguration(cmd.Context(), sys, choice, report); err != nil {
		return err
	}
	if err := o.checkDatabase(cmd, sys, choice, report); err != nil {
		return err
	}
	report.Sort()
	if err := printDiagnosis(sys, format, report); err != nil {
		return err
	}
	return o.judge(report)
}

// judge makes the verdict an exit code.
func (o *doctorOptions) judge(report *doctor.Report) error {
	counts := report.Counts()
	switch report.Verdict(o.strict) {
	case doctor.Unhealthy:
		return negative("each finding says what to do; 'otelaudit doctor --only ID' looks again",
			"%d P0, %d P1 and %d P2 were found", counts.P0, counts.P1, counts.P2)
	case doctor.Incomplete:
		return &failure{
			code: exitIncomplete, err: fmt.Errorf("nothing bad was found, and not everything could be checked: %s", counted(counts.Unchecked, "remark")),
			hint: "--roles and --skip leave out what is not meant to be checked here",
		}
	case doctor.Healthy:
	}
	return nil
}

// wants reports whether one of the checks is made.
func wants(choice doctor.Choice, checks []doctor.Check) bool {
	return slices.ContainsFunc(checks, func(c doctor.Check) bool { return choice.Includes(c.ID) })
}

// checkDatabase makes the checks of the database, unless none is wanted: only
// configurations are looked at where they are all that is named.
func (o *doctorOptions) checkDatabase(cmd *cobra.Command, sys *System, choice doctor.Choice, report *doctor.Report) error {
	if !wants(choice, slices.Concat(doctor.Checks(database.Probes()), doctor.Checks(database.DataProbes()))) {
		return nil
	}
	options, err := o.databaseOptions(sys)
	if err != nil {
		return err
	}
	if len(options.URLs) == 0 {
		if len(o.configs) > 0 {
			fmt.Fprintln(sys.Stderr, "otelaudit: no database is named: the configuration alone was checked")
			return nil
		}
		return usageError("AUDIT_AUDITOR_URL and the like, --database-url, or --config FILE; with 'otelaudit dev' running: set -a; . .dev/dev.env; set +a",
			"nothing is named to be looked at")
	}
	ctx := cmd.Context()
	subject, err := database.Open(ctx, options)
	if err != nil {
		return usageError("", "%w", err)
	}
	defer subject.Close(context.WithoutCancel(ctx))
	if err := doctor.Run(ctx, report, choice, database.Probes(), subject); err != nil {
		return describeDatabase(err)
	}
	return o.checkEvents(cmd, sys, choice, report, subject, options)
}

// checkEvents makes the checks that read events. What they found is kept back
// where the trace of the read cannot be recorded.
func (o *doctorOptions) checkEvents(cmd *cobra.Command, sys *System, choice doctor.Choice, report *doctor.Report, subject *database.Subject, options database.Options) error {
	ctx := cmd.Context()
	if !wants(choice, doctor.Checks(database.DataProbes())) {
		return nil
	}
	read := doctor.NewReport()
	if err := doctor.Run(ctx, read, choice, database.DataProbes(), subject); err != nil {
		return describeDatabase(err)
	}
	if slices.Contains(subject.Connected(), database.Auditor) {
		if err := o.trace(cmd, sys, options, subject.Examined()); err != nil {
			// Nothing of what was read may be shown; all else may.
			for _, check := range doctor.Checks(database.DataProbes()) {
				if choice.Includes(check.ID) {
					report.Unchecked = append(report.Unchecked, doctor.Remark{ID: check.ID, Severity: check.Severity, Why: err.Error()})
				}
			}
			return nil
		}
	}
	report.Append(read)
	return nil
}

// trace leaves the trace of the read, as the auditor.
func (o *doctorOptions) trace(cmd *cobra.Command, sys *System, options database.Options, rows int64) error {
	ctx := cmd.Context()
	reader, err := store.Connect(ctx, store.Options{URL: options.URLs[database.Auditor], Schema: options.Schema})
	if err != nil {
		return err
	}
	defer reader.Close()
	trail, err := o.access.trail(ctx, sys, reader)
	if err != nil {
		return err
	}
	return trail.Record(ctx, access.Read{Action: access.ActionDoctor, Tenant: o.tenant, Filter: flagsAsked(cmd), Rows: rows})
}

func (o *doctorOptions) databaseOptions(sys *System) (database.Options, error) {
	options := database.Options{
		Schema: o.schema, RolePrefix: o.rolePrefix, Tenant: o.tenant, Sample: o.sample, Now: sys.Now,
		TrustFile: orVariable(sys, o.trust, "AUDIT_TRUST_FILE"), KeyFile: orVariable(sys, o.keyFile, "AUDIT_LOG_KEY_FILE"),
		AnchorFile: orVariable(sys, o.anchors, "AUDIT_ANCHOR_FILE"), URLs: make(map[database.Role]string),
	}
	var err error
	if options.Window, err = parseAge(o.window); err != nil || options.Window < time.Minute {
		return options, usageError("an age such as 30d or 12h", "--window %q is no age", o.window)
	}
	if o.sample < 1 {
		return options, usageError("", "--sample %d is not positive", o.sample)
	}
	for _, name := range o.roles {
		role := database.Role(name)
		if !slices.Contains(database.Roles(), role) {
			return options, usageError("", "--roles: %q is none of %s", name, roleNames())
		}
		options.Asked = append(options.Asked, role)
	}
	err = o.logins(sys, &options)
	return options, err
}

// logins finds the connection strings.
func (o *doctorOptions) logins(sys *System, options *database.Options) error {
	if o.url == "" {
		for _, role := range database.Roles() {
			if url := sys.Getenv("AUDIT_" + strings.ToUpper(string(role)) + "_URL"); url != "" && (options.Asked == nil || slices.Contains(options.Asked, role)) {
				options.URLs[role] = url
			}
		}
		return nil
	}
	if options.Asked == nil {
		options.Asked = []database.Role{database.Auditor}
	}
	if len(options.Asked) != 1 {
		return usageError("leave --database-url out, and set AUDIT_READER_URL and the like", "--database-url is one login, and --roles names %d roles", len(options.Asked))
	}
	options.URLs[options.Asked[0]] = o.url
	return nil
}

func orVariable(sys *System, named, variable string) string {
	if named != "" {
		return named
	}
	return sys.Getenv(variable)
}

// printChecks lists the checks that are chosen.
func printChecks(sys *System, format string, choice doctor.Choice) error {
	checks := slices.DeleteFunc(doctorChecks(), func(c doctor.Check) bool { return !choice.Includes(c.ID) })
	out := bufio.NewWriter(sys.Stdout)
	rows := listing{header: []string{"id", "severity", "title", "needs", "fix", "section"}}
	for _, c := range checks {
		rows.add(c.ID, string(c.Severity), c.Title, strings.Join(c.Needs, ", "), c.Fix, c.Section)
	}
	var err error
	switch format {
	case formatJSON:
		err = writeJSON(out, checks)
	case formatJSONL:
		err = writeEachLine(out, checks)
	case formatCSV:
		err = rows.writeCSV(out)
	default:
		err = rows.writeTable(out)
	}
	return errors.Join(err, out.Flush())
}

// reportDocument is the JSON form of a report.
type reportDocument struct {
	Worst  doctor.Severity `json:"worst"` // "" for none
	Counts doctor.Counts   `json:"counts"`
	*doctor.Report
}

func printDiagnosis(sys *System, format string, report *doctor.Report) error {
	out := bufio.NewWriter(sys.Stdout)
	var err error
	switch format {
	case formatJSON:
		err = writeJSON(out, reportDocument{report.Worst(), report.Counts(), report})
	case formatJSONL:
		err = writeEachLine(out, report.Lines())
	case formatCSV:
		err = reportRows(report).writeCSV(out)
	default:
		writeDiagnosis(out, report)
	}
	return errors.Join(err, out.Flush())
}

// reportRows are the lines of a report, for CSV.
func reportRows(report *doctor.Report) *listing {
	rows := &listing{header: []string{"status", "id", "severity", "title", "where", "detail", "fix", "section"}}
	for _, line := range report.Lines() {
		rows.add(line.Status, line.ID, string(line.Severity), line.Title, line.Where, line.Detail, line.Fix, line.Section)
	}
	return rows
}

// writeDiagnosis writes a report for people: a paragraph for each check that found
// something, the findings below it.
func writeDiagnosis(out *bufio.Writer, report *doctor.Report) {
	last := doctor.Finding{}
	for _, f := range report.Findings {
		if f.ID != last.ID || f.Severity != last.Severity || f.Title != last.Title || f.Fix != last.Fix {
			fmt.Fprintf(out, "%s  %s  %s\n    fix: %s\n    see: docs/%s\n", f.Severity, f.ID, printable(f.Title), printable(f.Fix), f.Section)
		}
		fmt.Fprintf(out, "    - %s\n", printable(strings.Trim(f.Where+": "+f.Detail, ": ")))
		last = f
	}
	for _, remark := range report.Unchecked {
		fmt.Fprintf(out, "??  %s  could not be checked: %s\n", remark.ID, printable(remark.Why))
	}
	for _, remark := range report.NotApplicable {
		fmt.Fprintf(out, "--  %s  %s\n", remark.ID, printable(remark.Why))
	}
	counts := report.Counts()
	fmt.Fprintf(out, "%d P0, %d P1, %d P2; %s passed, %d not applicable, %d could not be checked\n",
		counts.P0, counts.P1, counts.P2, counted(counts.Passed, "check"), counts.NotApplicable, counts.Unchecked)
}

// checkConfiguration makes the checks of the collector's configuration.
func (o *doctorOptions) checkConfiguration(ctx context.Context, sys *System, choice doctor.Choice, report *doctor.Report) error {
	if len(o.configs) == 0 || !wants(choice, doctor.Checks(configuration.Probes())) {
		return nil
	}
	config, err := loadConfiguration(sys, o.configs)
	if err != nil {
		return err
	}
	return doctor.Run(ctx, report, choice, configuration.Probes(), config)
}

// writeEachLine writes JSON, one value per line.
func writeEachLine[T any](w io.Writer, values []T) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range values {
		if err := e.Encode(values[i]); err != nil {
			return err
		}
	}
	return nil
}
