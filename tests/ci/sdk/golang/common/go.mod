module roadstead.test/sdk/common

go 1.24

require (
	github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common v1.3.209
	github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/sts v1.1.11
)

require roadstead.test/sdk/worker v0.0.0

replace roadstead.test/sdk/worker => ../worker
