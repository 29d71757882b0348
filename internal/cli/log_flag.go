package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/keys"
)

// pinnedTrust is --trust FILE and --log NAME: the keys of one log. Evidence of
// another is refused, also where the trust file has that one's keys, too.
type pinnedTrust struct {
	trustFlag
	log string
}

func (f *pinnedTrust) register(cmd *cobra.Command, what string) {
	f.trustFlag.register(cmd, what)
	cmd.Flags().StringVar(&f.log, "log", "", "`NAME` of the log that is meant (default: the only one of the trust file)")
}

// load reads the trust file, which must be there.
func (f *pinnedTrust) load(sys *System) (*keys.Trust, error) {
	trust, err := f.trustFlag.load(sys, true)
	if err != nil {
		return nil, err
	}
	pinned, err := trust.Pin(f.log)
	switch {
	case errors.Is(err, keys.ErrSeveralLogs):
		return nil, usageError("--log NAME says which one is meant", "--trust: %w", err)
	case errors.Is(err, keys.ErrNoSuchLog):
		return nil, usageError("a log's name begins every origin; 'otelaudit keys list' shows those of a key file", "--log: %w", err)
	case err != nil:
		return nil, environmentError("", fmt.Errorf("--trust: %w", err))
	}
	return pinned, nil
}
