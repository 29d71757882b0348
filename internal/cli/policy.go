package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/doctor/configuration"
	"github.com/otelaudit/otelaudit/migrations"
)

type policyOptions struct {
	database databaseFlags
	trust    trustFlag
	files    []string
	prefix   string
	format   formatFlag
	access   accessFlags
}

func newPolicy(sys *System) *cobra.Command {
	o := &policyOptions{}
	cmd := &cobra.Command{
		Use:   "policy [--config FILE]… [flags]",
		Short: "Print what holds as deployed, for a security reviewer",
		Long: `Print what holds as deployed, for a security reviewer: the sinks and what an
answer means, where the tenant comes from, what is signed and anchored, what is
kept how long, what is redacted, who reads with which trace, who has which role,
sampling, transport, versions.

From configuration files, read as the collector reads them and with this
process's variables; from the trust file; and from the database, where an
auditor's login is given. It judges nothing: that is 'otelaudit doctor'. No value
of a secret is printed. What could not be read is named at the end; exit code 3
where it was asked for.`,
		Example: `  otelaudit policy --config config/production.yaml --trust trust
  otelaudit policy --database-url "$AUDIT_AUDITOR_URL" --format json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd, sys) },
	}
	o.database.register(cmd, "AUDIT_AUDITOR_URL")
	o.trust.register(cmd, "trust `FILE` with the log's public keys")
	o.access.register(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&o.files, "config", nil, "collector configuration `FILE`; several are merged as the collector does")
	f.StringVar(&o.prefix, "role-prefix", migrations.DefaultRolePrefix, "`prefix` of the group roles' names")
	o.format.register(cmd, formatJSON, formatTable, formatJSON, formatJSONL)
	return cmd
}

func (o *policyOptions) run(cmd *cobra.Command, sys *System) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	format, err := o.format.choose(sys)
	if err != nil {
		return err
	}
	p := &policy{Statements: []configuration.Statement{}, Unread: []string{}}
	if err := o.readFiles(sys, p); err != nil {
		return err
	}
	if err := o.readDatabase(cmd, sys, p); err != nil {
		return err
	}
	p.sort()
	if err := p.print(sys.Stdout, format); err != nil {
		return err
	}
	if p.incomplete {
		return &failure{code: exitIncomplete, err: errors.New("not everything that was asked for could be read"), hint: "what is missing is named under not read"}
	}
	return nil
}

// policy is what was read, and what was not.
type policy struct {
	Statements []configuration.Statement `json:"statements"`
	Unread     []string                  `json:"unread"`

	incomplete bool
}

func (p *policy) say(section, subject, source, format string, args ...any) {
	p.Statements = append(p.Statements, configuration.Statement{Section: section, Subject: subject, Says: fmt.Sprintf(format, args...), Source: source})
}

// missing names something that was asked for and could not be read.
func (p *policy) missing(format string, args ...any) {
	p.incomplete = true
	p.Unread = append(p.Unread, fmt.Sprintf(format, args...))
}

// readFiles says what stands in the configuration and the trust file.
func (o *policyOptions) readFiles(sys *System, p *policy) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	p.say(configuration.Versions, "otelaudit", "this program", "%s", strings.TrimPrefix(versionLine(info), "otelaudit "))
	if len(o.files) == 0 {
		p.Unread = append(p.Unread, "the collector's configuration: no --config was given")
	} else {
		c, err := loadConfiguration(sys, o.files)
		if err != nil {
			return err
		}
		p.Statements = append(p.Statements, c.Policy()...)
		for _, what := range c.Unread() {
			p.missing("%s", what)
		}
		p.Unread = append(p.Unread, "feature gates of the collector: they stand in its command line")
	}
	return o.readTrust(sys, p)
}

func (o *policyOptions) readTrust(sys *System, p *policy) error {
	trust, err := o.trust.load(sys, false)
	if err != nil {
		return err
	}
	if trust == nil {
		p.Unread = append(p.Unread, "names and keys of the log: no trust file was given")
		return nil
	}
	for _, key := range trust.Keys() {
		p.say(configuration.Integrity, key.Log, "trust file", "key %s, believed %s", key.ID(), believed(key.From, key.Until))
	}
	return nil
}

// believed says when a key counts.
func believed(from, until time.Time) string {
	day := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case from.IsZero() && until.IsZero():
		return "at all times"
	case from.IsZero():
		return "until " + day(until)
	case until.IsZero():
		return "from " + day(from)
	}
	return "from " + day(from) + " until " + day(until)
}

// sections are in the order in which a reviewer reads.
var sections = []string{
	configuration.Sinks, configuration.Tenancy, configuration.Integrity, configuration.Retention, configuration.Redaction,
	configuration.Access, configuration.Roles, configuration.Sampling, configuration.Transport, configuration.Versions,
}

func (p *policy) sort() {
	slices.SortStableFunc(p.Statements, func(a, b configuration.Statement) int {
		return slices.Index(sections, a.Section) - slices.Index(sections, b.Section)
	})
}

func (p *policy) print(w io.Writer, format string) error {
	out := bufio.NewWriter(w)
	var err error
	switch format {
	case formatJSON:
		err = writeJSON(out, p)
	case formatJSONL:
		err = p.printLines(out)
	default:
		p.printTable(out)
	}
	return errors.Join(err, out.Flush())
}

// printLines writes one object per statement, and one per thing not read.
func (p *policy) printLines(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range p.Statements {
		if err := e.Encode(&p.Statements[i]); err != nil {
			return err
		}
	}
	for _, what := range p.Unread {
		if err := e.Encode(map[string]string{"section": "unread", "says": what}); err != nil {
			return err
		}
	}
	return nil
}

// printTable writes a heading per section and a line per statement, whole: what a
// reviewer is told must not end at the width of a terminal.
func (p *policy) printTable(w io.Writer) {
	for _, section := range sections {
		heading := strings.ToUpper(section) + "\n"
		for i := range p.Statements {
			s := &p.Statements[i]
			if s.Section != section {
				continue
			}
			fmt.Fprintf(w, "%s  %s: %s", heading, printable(s.Subject), printable(s.Says))
			if s.Source != "" {
				fmt.Fprintf(w, " (%s)", printable(s.Source))
			}
			fmt.Fprintln(w)
			heading = ""
		}
		if heading == "" {
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintln(w, "NOT READ")
	for _, what := range p.Unread {
		fmt.Fprintf(w, "  %s\n", printable(what))
	}
}
