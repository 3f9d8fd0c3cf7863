#!/bin/sh
exec openssl s_server -accept @IP@:8443 -key key.pem -cert cert.pem -www
