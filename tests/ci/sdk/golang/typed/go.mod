module roadstead.test/sdk/typed

go 1.24

require github.com/tencentcloud/tencentcloud-sdk-go v1.0.162

require roadstead.test/sdk/worker v0.0.0

replace roadstead.test/sdk/worker => ../worker
