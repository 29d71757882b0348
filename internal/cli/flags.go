package cli

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// refuseEmpty refuses flags that were given with an empty text, except the
// named ones. Behind --actor "$UNSET" an empty filter would answer a wider
// question than the one asked.
func refuseEmpty(cmd *cobra.Command, except ...string) error {
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.Type() == "string" && f.Value.String() == "" && !slices.Contains(except, f.Name) {
			err = usageError("leave the flag out instead", "--%s is empty", f.Name)
		}
	})
	return err
}
