package cli

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker to the version of the distribution; a build by
// `go install` has its module's version instead.
var version string

func newVersion(sys *System) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Long:    "Print the module's version, the revision it was built from and the Go version.",
		Example: "  otelaudit version",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				info = &debug.BuildInfo{}
			}
			_, err := fmt.Fprintln(sys.Stdout, versionLine(info))
			return err
		},
	}
}

// versionLine is "otelaudit VERSION (revision R, modified) goX.Y".
func versionLine(info *debug.BuildInfo) string {
	line := "otelaudit " + cmp.Or(version, info.Main.Version, "(devel)")
	if revision := setting(info, "vcs.revision"); revision != "" {
		line += " (revision " + revision
		if setting(info, "vcs.modified") == "true" {
			line += ", modified"
		}
		line += ")"
	}
	if info.GoVersion != "" {
		line += " " + info.GoVersion
	}
	return line
}

func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
