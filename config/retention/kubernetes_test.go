//nolint:tagliatelle // the names are those of Kubernetes
package retention

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// cronJob is what we use of batch/v1, and nothing else is accepted.
type cronJob struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       struct {
		Schedule      string `yaml:"schedule"`
		TimeZone      string `yaml:"timeZone"`
		Concurrency   string `yaml:"concurrencyPolicy"`
		StartDeadline int    `yaml:"startingDeadlineSeconds"`
		KeepDone      int    `yaml:"successfulJobsHistoryLimit"`
		KeepFailed    int    `yaml:"failedJobsHistoryLimit"`
		Template      struct {
			Spec struct {
				Backoff  *int `yaml:"backoffLimit"`
				Deadline int  `yaml:"activeDeadlineSeconds"`
				Template struct {
					Metadata metadata `yaml:"metadata"`
					Spec     podSpec  `yaml:"spec"`
				} `yaml:"template"`
			} `yaml:"spec"`
		} `yaml:"jobTemplate"`
	} `yaml:"spec"`
}

type metadata struct {
	Name   string            `yaml:"name"`
	Labels map[string]string `yaml:"labels"`
}

type podSpec struct {
	Restart  string `yaml:"restartPolicy"`
	Token    *bool  `yaml:"automountServiceAccountToken"`
	Security struct {
		NonRoot bool `yaml:"runAsNonRoot"`
		User    int  `yaml:"runAsUser"`
		Group   int  `yaml:"runAsGroup"`
		FSGroup int  `yaml:"fsGroup"`
		Seccomp struct {
			Type string `yaml:"type"`
		} `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	Init       []container `yaml:"initContainers"`
	Containers []container `yaml:"containers"`
	Volumes    []struct {
		Name      string `yaml:"name"`
		ConfigMap struct {
			Name string `yaml:"name"`
		} `yaml:"configMap"`
		Claim struct {
			Name string `yaml:"claimName"`
		} `yaml:"persistentVolumeClaim"`
	} `yaml:"volumes"`
}

type container struct {
	Name    string   `yaml:"name"`
	Image   string   `yaml:"image"`
	Command []string `yaml:"command"`
	Args    []string `yaml:"args"`
	Env     []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
		From  struct {
			Secret struct {
				Name string `yaml:"name"`
				Key  string `yaml:"key"`
			} `yaml:"secretKeyRef"`
		} `yaml:"valueFrom"`
	} `yaml:"env"`
	Resources struct {
		Requests map[string]string `yaml:"requests"`
		Limits   map[string]string `yaml:"limits"`
	} `yaml:"resources"`
	Security struct {
		Escalation   *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnly     bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities struct {
			Drop []string `yaml:"drop"`
		} `yaml:"capabilities"`
	} `yaml:"securityContext"`
	Mounts []struct {
		Name     string `yaml:"name"`
		Path     string `yaml:"mountPath"`
		ReadOnly bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

func TestCronJobs(t *testing.T) {
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(read(t, "kubernetes.yaml"))))
	decoder.KnownFields(true)
	var names []string
	for {
		var job cronJob
		err := decoder.Decode(&job)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		names = append(names, job.Metadata.Name)
		require.Equal(t, "batch/v1", job.APIVersion)
		require.Equal(t, "CronJob", job.Kind)
		require.NoError(t, checkSchedule(job.Spec.Schedule))
		require.Equal(t, "Etc/UTC", job.Spec.TimeZone)
		require.Equal(t, "Forbid", job.Spec.Concurrency)
		require.Positive(t, job.Spec.StartDeadline)
		require.NotNil(t, job.Spec.Template.Spec.Backoff)
		require.Positive(t, job.Spec.Template.Spec.Deadline)
		checkPod(t, &job.Spec.Template.Spec.Template.Spec)
	}
	require.Equal(t, []string{"otelaudit-prune", "otelaudit-verify"}, names)
}

func checkPod(t *testing.T, pod *podSpec) {
	t.Helper()
	require.Equal(t, "Never", pod.Restart)
	require.NotNil(t, pod.Token)
	require.False(t, *pod.Token)
	require.True(t, pod.Security.NonRoot)
	require.Positive(t, pod.Security.User)
	require.Equal(t, "RuntimeDefault", pod.Security.Seccomp.Type)
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
		require.NotEmpty(t, v.ConfigMap.Name+v.Claim.Name)
	}
	for _, c := range append(slices.Clip(pod.Init), pod.Containers...) {
		require.NoError(t, checkCommand(append(slices.Clip(c.Command), c.Args...)))
		require.NotNil(t, c.Security.Escalation)
		require.False(t, *c.Security.Escalation)
		require.True(t, c.Security.ReadOnly)
		require.Equal(t, []string{"ALL"}, c.Security.Capabilities.Drop)
		require.NotEmpty(t, c.Resources.Limits["memory"])
		var settings strings.Builder
		for _, e := range c.Env {
			fmt.Fprintf(&settings, "%s=\n", e.Name)
			if secret := strings.HasSuffix(e.Name, "_URL") || strings.HasSuffix(e.Name, "_HEADERS"); secret {
				require.Empty(t, e.Value, e.Name)
				require.NotEmpty(t, e.From.Secret.Name, e.Name)
				require.NotEmpty(t, e.From.Secret.Key, e.Name)
			}
		}
		checkVariables(t, strings.Join(c.Args, " "), settings.String())
		for _, m := range c.Mounts {
			require.True(t, volumes[m.Name], m.Name)
		}
	}
}
