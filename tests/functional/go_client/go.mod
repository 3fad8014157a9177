module loopmeter/client

go 1.20
