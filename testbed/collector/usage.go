package collector

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of /proc/PID/stat's times: USER_HZ, 100 on every Linux
// this project builds for.
const clockTick = 10 * time.Millisecond

// CPU is the processor time a process has used, user and system, without its
// children.
func CPU(pid int) (time.Duration, error) {
	f, err := stat(pid)
	if err != nil {
		return 0, err
	}
	return f.own, nil
}

// TreeCPU is the processor time of a process, of its children and of those it
// has already waited for: what a PostgreSQL server with all its backends used.
func TreeCPU(pid int) (time.Duration, error) {
	root, err := stat(pid)
	if err != nil {
		return 0, err
	}
	total := root.own + root.reaped
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		child, err := strconv.Atoi(filepath.Base(entry))
		if err != nil {
			continue
		}
		// A process that ends meanwhile is reaped into its parent.
		if f, err := stat(child); err == nil && f.parent == pid {
			own, err := onCPU(child)
			if err != nil {
				continue
			}
			total += own + f.reaped
		}
	}
	return total, nil
}

// PeakRSS is the most memory a process has had resident, in bytes.
func PeakRSS(pid int) (int64, error) { return statusBytes(pid, "VmHWM:") }

// statusBytes is a line of /proc/PID/status that counts kB.
func statusBytes(pid int, name string) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, strings.TrimSuffix(name, ":"))
}

// TreePrivate is the memory, in bytes, that a process and its children have for
// themselves alone at this moment: what they share, such as PostgreSQL's buffers,
// would be counted once for each.
func TreePrivate(pid int) (int64, error) {
	total, err := private(pid)
	if err != nil {
		return 0, err
	}
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		child, err := strconv.Atoi(filepath.Base(entry))
		if err != nil {
			continue
		}
		if f, err := stat(child); err == nil && f.parent == pid {
			if n, err := private(child); err == nil { // it may have ended
				total += n
			}
		}
	}
	return total, nil
}

func private(pid int) (int64, error) { return statusBytes(pid, "RssAnon:") }

// onCPU is the time of a process of one thread in nanoseconds: hundreds of
// backends that each used less than a tick would count as nothing.
func onCPU(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), " ")
	ns, err := strconv.ParseInt(first, 10, 64)
	return time.Duration(ns), err
}

type processTimes struct {
	parent      int
	own, reaped time.Duration
}

func stat(pid int) (processTimes, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processTimes{}, err
	}
	// The name may hold spaces and parentheses: fields begin after the last one.
	_, rest, ok := strings.Cut(string(b[strings.LastIndexByte(string(b), ')'):]), " ")
	if !ok {
		return processTimes{}, fmt.Errorf("process %d: unreadable stat", pid)
	}
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return processTimes{}, fmt.Errorf("process %d: stat has %d fields", pid, len(fields))
	}
	var n [5]int64
	for i, at := range []int{1, 11, 12, 13, 14} {
		if n[i], err = strconv.ParseInt(fields[at], 10, 64); err != nil {
			return processTimes{}, fmt.Errorf("process %d: %w", pid, err)
		}
	}
	ticks := func(v int64) time.Duration { return time.Duration(v) * clockTick }
	return processTimes{parent: int(n[0]), own: ticks(n[1]) + ticks(n[2]), reaped: ticks(n[3]) + ticks(n[4])}, nil
}
