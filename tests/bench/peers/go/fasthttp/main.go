// SPDX-License-Identifier: Apache-2.0

// What demo is, on fasthttp instead of net/http.
//
// usage: fasthttp PORT
package main

import (
	"log"
	"math/rand"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"loopmeter/bench/counted"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: fasthttp PORT")
	}
	metrics := fasthttpadaptor.NewFastHTTPHandler(promhttp.Handler())
	answer := func(context *fasthttp.RequestCtx) {
		begin := time.Now()
		path := string(context.Path())
		switch path {
		case "/status/200":
			context.WriteString("200 OK\n")
		case "/hello":
			time.Sleep(time.Duration(rand.Intn(100)) * time.Millisecond)
			context.WriteString("hello\n")
		case "/metrics":
			metrics(context)
		default:
			path = "other"
			context.Error("not found\n", fasthttp.StatusNotFound)
		}
		method := "other"
		if context.IsGet() {
			method = fasthttp.MethodGet
		}
		counted.Request(path, method, context.Response.StatusCode(), time.Since(begin))
	}
	server := fasthttp.Server{Handler: answer, Concurrency: 1 << 20}
	log.Fatal(server.ListenAndServe("127.0.0.1:" + os.Args[1]))
}
