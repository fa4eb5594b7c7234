package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/steadhq/stead/internal/config"
	"go.yaml.in/yaml/v3"
)

// profiles are the servers that somebody has logged in to. The file holds tokens: it is 0600.
type profiles struct {
	Current  string             `yaml:"current"`
	Profiles map[string]profile `yaml:"profiles"`
}

// A profile is one server.
type profile struct {
	Addr       string `yaml:"addr"`
	Token      string `yaml:"token,omitempty"`
	Name       string `yaml:"name,omitempty"`       // who is logged in
	Key        string `yaml:"key,omitempty"`        // verifier key of the log, as it was at the first login
	Checkpoint string `yaml:"checkpoint,omitempty"` // the newest one that was verified
	Agent      string `yaml:"agent,omitempty"`      // that stead task speaks for
	AgentKey   string `yaml:"agent_key,omitempty"`  // file with its key
}

const defaultAddr = "http://127.0.0.1:8420"

func (e *env) profilesFile() (string, error) {
	if dir := e.getenv("STEAD_CONFIG_DIR"); dir != "" {
		return filepath.Join(dir, "profiles.yaml"), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fail(exitFailed, "set HOME, XDG_CONFIG_HOME or STEAD_CONFIG_DIR", "there is no place for profiles: %s", err)
	}
	return filepath.Join(dir, "stead", "profiles.yaml"), nil
}

func (e *env) profiles() (profiles, error) {
	p := profiles{Profiles: map[string]profile{}}
	file, err := e.profilesFile()
	if err != nil {
		return p, err
	}
	text, err := config.Secret(file)
	if _, gone := os.Stat(file); errors.Is(gone, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if err := yaml.Unmarshal([]byte(text+"\n"), &p); err != nil { // a checkpoint ends with its line
		return p, fail(exitUsage, "correct it, or delete it and log in again", "%s cannot be read: %s", file, unwrapped(err))
	}
	if p.Profiles == nil {
		p.Profiles = map[string]profile{}
	}
	return p, nil
}

func (e *env) keepProfiles(p profiles) error {
	file, err := e.profilesFile()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	raw, err := yaml.Marshal(p)
	if err != nil {
		return err
	}
	fresh, err := os.CreateTemp(filepath.Dir(file), ".profiles-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(fresh.Name())
	_, err = fresh.Write(raw)
	if err = errors.Join(err, fresh.Close()); err != nil {
		return err
	}
	return os.Rename(fresh.Name(), file)
}

// here is the profile that commands use, after flags and environment.
func (e *env) here() (name string, p profile, err error) {
	all, err := e.profiles()
	if err != nil {
		return "", p, err
	}
	name = e.profile
	if name == "" {
		name = all.Current
	}
	if name == "" {
		name = "default"
	}
	p, known := all.Profiles[name]
	if e.profile != "" && !known && e.addr == "" && e.getenv("STEAD_ADDR") == "" {
		return name, p, fail(exitNotFound, "stead login --profile "+name+" --addr URL", "there is no profile %q", name)
	}
	p, err = e.override(p)
	if p.Addr == "" {
		p.Addr = defaultAddr
	}
	p.Addr = strings.TrimSuffix(p.Addr, "/")
	return name, p, err
}

// override puts flags and environment over a profile. A token never goes to another server than it came from.
func (e *env) override(p profile) (profile, error) {
	addr := e.addr
	if addr == "" {
		addr = e.getenv("STEAD_ADDR")
	}
	if addr != "" && strings.TrimSuffix(addr, "/") != p.Addr {
		p = profile{Addr: addr}
	}
	if token := e.getenv("STEAD_TOKEN"); token != "" {
		p.Token = token
	} else if file := e.getenv("STEAD_TOKEN_FILE"); file != "" {
		token, err := config.Secret(file)
		if err != nil {
			return p, err
		}
		p.Token = token
	}
	return p, nil
}

// keep changes the profile in use.
func (e *env) keep(name string, change func(*profile)) error {
	all, err := e.profiles()
	if err != nil {
		return err
	}
	p := all.Profiles[name]
	change(&p)
	all.Profiles[name], all.Current = p, name
	return e.keepProfiles(all)
}
