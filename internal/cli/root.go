package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newRoot(sys *System) *cobra.Command {
	root := &cobra.Command{
		Use:   "otelaudit",
		Short: "Send, read and administer audit events",
		Long: `otelaudit sends audit events by OTLP, reads them from PostgreSQL and
administers the store. 'otelaudit dev' runs everything on this machine.

Exit codes: 0 success; 1 a negative finding (not found, refused by the
collector); 2 wrong usage or environment; 3 could not be checked completely.`,
		Example: `  otelaudit dev
  otelaudit send --tenant acme --action invoice.approve --actor user:alice --target invoice:42 --outcome success
  otelaudit list --tenant acme`,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
	}
	asGroup(root)
	root.SetIn(sys.Stdin)
	root.SetOut(sys.Stdout)
	root.SetErr(sys.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(helpHint(cmd), "%w", err)
	})
	root.AddCommand(
		newSend(sys),
		newList(sys),
		newShow(sys),
		newCount(sys),
		newMonthly(sys),
		newTimeline(sys),
		newTail(sys),
		newExport(sys),
		newAccess(sys),
		newRetention(sys),
		newHold(sys),
		newPrune(sys),
		newPartitions(sys),
		newQuarantine(sys),
		newProve(sys),
		newVerify(sys),
		newVerifyProof(sys),
		newCheckpoint(sys),
		newBundle(sys),
		newVerifyBundle(sys),
		newReconcile(sys),
		newDoctor(sys),
		newPolicy(sys),
		newMigrate(sys),
		newDev(sys),
		newRecover(sys),
		newJournal(sys),
		newKeygen(sys),
		newKeys(sys),
		newVersion(sys),
	)
	addCompletion(root)
	offerNoFiles(root)
	return root
}

// addCompletion gives the framework's own commands for completion the examples
// that every command has.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Example = "  source <(otelaudit completion bash)"
		asGroup(cmd)
		for _, shell := range cmd.Commands() {
			shell.Example = fmt.Sprintf("  otelaudit completion %s --help", shell.Name())
		}
	}
}

// offerNoFiles keeps shells from completing the names of files where a flag or an
// argument means none. Flags that mean one say so in the name of their value,
// commands by a ValidArgsFunction.
func offerNoFiles(cmd *cobra.Command) {
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	offer := func(f *pflag.Flag) {
		value, _ := pflag.UnquoteUsage(f)
		for _, word := range []string{"file", "dir", "path"} {
			if strings.Contains(strings.ToLower(value), word) {
				return
			}
		}
		// The error is a flag that offers its words already.
		_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions)
	}
	cmd.LocalNonPersistentFlags().VisitAll(offer)
	cmd.PersistentFlags().VisitAll(offer)
	for _, child := range cmd.Commands() {
		offerNoFiles(child)
	}
}

// offerFiles and offerDirs complete the names of what a command is told last.
var (
	offerFiles = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
	offerDirs  = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
)

// asGroup makes a command that only holds others: alone it prints its help and
// fails, and a word it does not know is an error with the nearest one as hint.
func asGroup(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			if err := cmd.Help(); err != nil {
				return err
			}
			if cmd.HasParent() {
				return usageError(helpHint(cmd), "%s needs one of its commands", cmd.CommandPath())
			}
			return nil
		}
		cmd.SuggestionsMinimumDistance = 2
		hint := helpHint(cmd)
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = "did you mean " + strings.Join(near, " or ") + "?"
		}
		return usageError(hint, "%s has no command %q", cmd.CommandPath(), args[0])
	}
}

// exactly demands n positional arguments and names them in the error.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usageError(helpHint(cmd), "%s: %s is missing", cmd.CommandPath(), names[len(args)])
		case len(args) > len(names):
			return usageError(helpHint(cmd), "%s: unexpected argument %q", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}

func helpHint(cmd *cobra.Command) string {
	return fmt.Sprintf("'%s --help' shows the flags and an example", cmd.CommandPath())
}
