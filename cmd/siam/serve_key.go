package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/siam-go/siam/server"
	"github.com/spf13/cobra"
)

func (a *app) serveKeyCommand(file *string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "keys: who may ask the server, and for what",
	}
	cmd.AddCommand(a.serveKeyAddCommand(file), a.serveKeyListCommand(file), a.serveKeyRevokeCommand(file))
	return cmd
}

// keyInfo is a key as it is printed as JSON.
type keyInfo struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Roles     []server.Role `json:"roles"`
	Galleries []string      `json:"galleries,omitempty"`
	Created   time.Time     `json:"created"`
	Revoked   *time.Time    `json:"revoked,omitempty"`
}

func keyInfoOf(k server.Key) keyInfo {
	return keyInfo{k.ID, k.Name, k.Roles, k.Galleries, k.Created, k.Revoked}
}

func (a *app) serveKeyAddCommand(file *string) *cobra.Command {
	var roles, galleries []string
	cmd := &cobra.Command{
		Use:   "add NAME --role ROLES",
		Short: "make a key, and print it: it is not kept, and cannot be printed again",
		Long: `Makes a key and prints it. The file of keys holds only a hash of it. NAME is whom the audit log says asked. A key with role
identify compares, embeds, identifies and verifies; with enroll it enrolls, rejects and removes; with review it sees the review
queue and decides about it; with admin it does all, and alone calibrates and reads the audit log.`,
		Example: `  siam serve key add gate --role identify --gallery main`,
		Args:    wants("NAME"),
		RunE: func(_ *cobra.Command, names []string) error {
			keys, err := server.OpenKeys(*file)
			if err != nil {
				return err
			}
			if len(roles) == 0 {
				return usagef("serve key add: --role is missing: want some of %v", server.Roles())
			}
			asked := make([]server.Role, len(roles))
			for i, r := range roles {
				asked[i] = server.Role(r)
			}
			key, secret, err := keys.Add(names[0], asked, galleries)
			if err != nil {
				return err
			}
			a.say("key %q is made; it is printed this once", key.Name)
			out := struct {
				keyInfo
				Key string `json:"key"`
			}{keyInfoOf(key), secret}
			return a.print(out, secret+"\n")
		},
	}
	cmd.Flags().StringSliceVar(&roles, "role", nil, "what it may do: some `roles` of identify, enroll, review and admin")
	cmd.Flags().StringSliceVarP(&galleries, "gallery", "g", nil, "for which `galleries`; all when not given")
	return cmd
}

func (a *app) serveKeyListCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "which keys there are",
		Args:  wants(),
		RunE: func(*cobra.Command, []string) error {
			keys, err := server.OpenKeys(*file)
			if err != nil {
				return err
			}
			list, err := keys.List()
			if err != nil {
				return err
			}
			out := struct {
				Keys []keyInfo `json:"keys"`
			}{[]keyInfo{}}
			var b strings.Builder
			for _, k := range list {
				out.Keys = append(out.Keys, keyInfoOf(k))
				b.WriteString(keyLine(k))
			}
			fmt.Fprintf(&b, "%s in %s\n", count(len(list), "key"), *file)
			return a.print(out, b.String())
		},
	}
}

func keyLine(k server.Key) string {
	roles := make([]string, len(k.Roles))
	for i, r := range k.Roles {
		roles[i] = string(r)
	}
	scope := "all galleries"
	if len(k.Galleries) > 0 {
		scope = "gallery " + strings.Join(k.Galleries, ", ")
	}
	line := fmt.Sprintf("%s  %s: %s, %s, made %s", k.ID, k.Name, strings.Join(roles, ", "), scope, k.Created.Format(time.DateOnly))
	if k.Revoked != nil {
		line += ", revoked " + k.Revoked.Format(time.DateOnly)
	}
	return line + "\n"
}

func (a *app) serveKeyRevokeCommand(file *string) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke NAME",
		Short: "end a key, by its name or id; servers refuse it at once",
		Args:  wants("NAME"),
		RunE: func(_ *cobra.Command, names []string) error {
			keys, err := server.OpenKeys(*file)
			if err != nil {
				return err
			}
			key, err := keys.Revoke(names[0])
			if err != nil {
				return err
			}
			return a.print(keyInfoOf(key), fmt.Sprintf("key %q is revoked\n", key.Name))
		},
	}
}
