package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/client"
	"github.com/spf13/cobra"
)

func (a *app) serveHealthCommand() *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "can a server on this machine answer? for health checks of containers",
		Args:  wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Whose certificate it is does not matter: nothing is sent.
			anyone := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec
			c, err := client.New(address, "", client.WithHTTP(&http.Client{Timeout: 3 * time.Second, Transport: anyone}))
			if err != nil {
				return usagef("serve health: --url: %v", err)
			}
			if err := c.Ready(cmd.Context()); err != nil {
				return err
			}
			return a.print(api.Health{Status: "ok"}, fmt.Sprintf("%s answers\n", address))
		},
	}
	cmd.Flags().StringVar(&address, "url", "http://127.0.0.1:8080", "`address` of the server")
	return cmd
}
